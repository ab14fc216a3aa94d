import { quoteIdentifier, quoteName } from '../../sql/identifier.ts'
import type { ColumnDefinition, ObjectRef, QualifiedName } from '../../sql/types.ts'
import { describeObject } from '../object-words.ts'
import type { Lives } from './lives.ts'
import type { InverseStatement, Irreversible, ObjectBefore } from './object-before.ts'
import { commentStatement } from './statement.ts'

interface AlterInverse {
  readonly statements: readonly InverseStatement[]
  readonly irreversible: readonly Irreversible[]
}

/** Gives a column back what ALTER COLUMN changed: type, default, null-ness, identity. */
export function inverseOfColumn(
  object: ObjectRef,
  changed: Partial<ColumnDefinition>,
  { attributes }: ObjectBefore,
): AlterInverse {
  const { table, name } = object
  if (table === undefined || name === null) return { statements: [], irreversible: [] }
  const alter = `ALTER TABLE ${quoteName(table)} ALTER COLUMN ${quoteIdentifier(name)}`
  const parts: string[] = []
  const irreversible: Irreversible[] = []
  if (changed.generated !== undefined) {
    const why = `the generation expression of ${describeObject(object)} was changed`
    irreversible.push({ object, why })
  }
  if (changed.identity !== undefined) parts.push(identityAgain(attributes, changed.identity))
  if (changed.default !== undefined) {
    parts.push(
      attributes.default === undefined || attributes.default === ''
        ? 'DROP DEFAULT'
        : `SET DEFAULT ${attributes.default}`,
    )
  }
  if (changed.notNull !== undefined) {
    parts.push(attributes['not null'] === 'true' ? 'SET NOT NULL' : 'DROP NOT NULL')
  }
  if (changed.type !== undefined) {
    const { type } = attributes
    if (type === undefined) {
      irreversible.push({ object, why: `the old type of ${describeObject(object)} isn't known` })
    } else {
      const old = quoteIdentifier(name)
      parts.push(`TYPE ${type} USING ${old}::${type}`)
    }
  }
  const why = `${describeObject(object)} was altered`
  const statements = parts.map((part) => ({ sql: `${alter} ${part}`, concurrently: false, why }))
  return { statements, irreversible }
}

function identityAgain(
  { identity }: ObjectBefore['attributes'],
  changed: ColumnDefinition['identity'],
): string {
  if (identity === undefined) return 'DROP IDENTITY IF EXISTS'
  const words = identity === 'always' ? 'ALWAYS' : 'BY DEFAULT'
  return changed === null ? `ADD GENERATED ${words} AS IDENTITY` : `SET GENERATED ${words}`
}

/** A constraint that was NOT VALID before is made anew so; validity changes no behaviour, but the catalog. */
export function inverseOfValidate(
  object: ObjectRef,
  before: ObjectBefore | undefined,
  ofDomain: boolean,
): AlterInverse {
  const { table, name } = object
  const definition = before?.attributes.definition
  if (table === undefined || name === null || definition === undefined) {
    const why = `${describeObject(object)} was validated, and it isn't known what it was before`
    return { statements: [], irreversible: [{ object, why }] }
  }
  if (!/\bNOT VALID$/.test(definition)) return { statements: [], irreversible: [] }
  const alter = `ALTER ${ofDomain ? 'DOMAIN' : 'TABLE'} ${quoteName(table)}`
  const constraint = quoteIdentifier(name)
  const parts = [`DROP CONSTRAINT ${constraint}`, `ADD CONSTRAINT ${constraint} ${definition}`]
  const why = `${describeObject(object)} was validated`
  const again = ofDomain
    ? parts.map((part) => `${alter} ${part}`)
    : [`${alter} ${parts.join(', ')}`]
  const { comment } = before?.attributes ?? {}
  const said = comment === undefined ? null : commentStatement(object, comment)
  const all = [...again, ...(said === null ? [] : [said])]
  return { statements: all.map((sql) => ({ sql, concurrently: false, why })), irreversible: [] }
}

/** ATTACH is taken back by DETACH; DETACH by ATTACH where the old bounds are known. */
export function inverseOfPartition(
  parent: ObjectRef,
  partition: QualifiedName,
  op: 'attach' | 'detach',
  lives: Lives,
): AlterInverse {
  const alter = `ALTER TABLE ${quoteName({ schema: parent.schema, name: parent.name ?? '' })}`
  const name = quoteName(partition)
  const why = `partition ${name} was ${op}ed`
  if (op === 'attach') {
    const sql = `${alter} DETACH PARTITION ${name}`
    return { statements: [{ sql, concurrently: false, why }], irreversible: [] }
  }
  const object: ObjectRef = { kind: 'table', ...partition }
  const bound = lives.lookBefore(object)?.attributes['partition bound']
  if (bound === undefined || bound === '') {
    return {
      statements: [],
      irreversible: [{ object, why: `${why}, and its bounds aren't known` }],
    }
  }
  const sql = `${alter} ATTACH PARTITION ${name} ${bound}`
  return { statements: [{ sql, concurrently: false, why }], irreversible: [] }
}
