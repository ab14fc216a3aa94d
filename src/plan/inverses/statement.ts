import { quoteIdentifier, quoteLiteral, quoteName } from '../../sql/identifier.ts'
import type { ObjectKind, ObjectRef, QualifiedName } from '../../sql/types.ts'
import type { ObjectBefore } from './object-before.ts'

/** Kinds that `DROP <KIND> name` drops. */
const plainKinds: Readonly<Partial<Record<ObjectKind, string>>> = {
  schema: 'SCHEMA',
  table: 'TABLE',
  index: 'INDEX',
  view: 'VIEW',
  'materialized view': 'MATERIALIZED VIEW',
  sequence: 'SEQUENCE',
  type: 'TYPE',
  domain: 'DOMAIN',
  extension: 'EXTENSION',
  'foreign table': 'FOREIGN TABLE',
  publication: 'PUBLICATION',
  statistics: 'STATISTICS',
  collation: 'COLLATION',
  'event trigger': 'EVENT TRIGGER',
  'foreign server': 'SERVER',
  'foreign data wrapper': 'FOREIGN DATA WRAPPER',
  'access method': 'ACCESS METHOD',
  conversion: 'CONVERSION',
  language: 'LANGUAGE',
  role: 'ROLE',
}
const routineKinds: Readonly<Partial<Record<ObjectKind, string>>> = {
  function: 'FUNCTION',
  procedure: 'PROCEDURE',
  aggregate: 'AGGREGATE',
}
const tableKinds: Readonly<Partial<Record<ObjectKind, string>>> = {
  trigger: 'TRIGGER',
  policy: 'POLICY',
  rule: 'RULE',
}

export interface DropOptions {
  readonly concurrently?: boolean
  readonly ifExists?: boolean
  /** The constraint belongs to a domain. */
  readonly ofDomain?: boolean
}

/** The statement that drops an object, or null where its kind (or a name that only the server knows) allows none. */
export function dropStatement(object: ObjectRef, options: DropOptions = {}): string | null {
  const { kind, name, table } = object
  if (name === null) return null
  const guard = options.ifExists === true ? 'IF EXISTS ' : ''
  if (kind === 'column' || kind === 'constraint') {
    if (table === undefined) return null
    const part = `DROP ${kind === 'column' ? 'COLUMN' : 'CONSTRAINT'} ${guard}${quoteIdentifier(name)}`
    return `${alterOwner(table, options.ofDomain === true)} ${part}`
  }
  const onTable = tableKinds[kind]
  if (onTable !== undefined) {
    return table === undefined
      ? null
      : `DROP ${onTable} ${guard}${quoteIdentifier(name)} ON ${quoteName(table)}`
  }
  const routine = routineKinds[kind]
  if (routine !== undefined) return `DROP ${routine} ${guard}${routineName(object)}`
  const plain = plainKinds[kind]
  if (plain === undefined) return null
  const concurrently = options.concurrently === true ? 'CONCURRENTLY ' : ''
  return `DROP ${plain} ${concurrently}${guard}${plainName(object)}`
}

function alterOwner(owner: QualifiedName, isDomain: boolean): string {
  return `ALTER ${isDomain ? 'DOMAIN' : 'TABLE'} ${quoteName(owner)}`
}

/** An index lives in its table's schema, whether the statement named that or not. */
function plainName({ kind, schema, name, table }: ObjectRef): string {
  const home = kind === 'index' ? (schema ?? table?.schema ?? null) : schema
  return quoteName({ schema: home, name: name ?? '' })
}

function routineName({ schema, name, arguments: args }: ObjectRef): string {
  const list = args === undefined ? '' : `(${args.join(', ')})`
  return `${quoteName({ schema, name: name ?? '' })}${list}`
}

/** The statement that gives an object its old name back. */
export function renameStatement(object: ObjectRef, from: string, to: string): string | null {
  const { kind, table, schema } = object
  const target = quoteIdentifier(to)
  if (kind === 'enum value') {
    return table === undefined
      ? null
      : `ALTER TYPE ${quoteName(table)} RENAME VALUE ${quoteLiteral(from)} TO ${quoteLiteral(to)}`
  }
  if (kind === 'column' || kind === 'constraint') {
    const part = kind === 'column' ? 'COLUMN' : 'CONSTRAINT'
    return table === undefined
      ? null
      : `ALTER TABLE ${quoteName(table)} RENAME ${part} ${quoteIdentifier(from)} TO ${target}`
  }
  const onTable = tableKinds[kind]
  if (onTable !== undefined) {
    return table === undefined
      ? null
      : `ALTER ${onTable} ${quoteIdentifier(from)} ON ${quoteName(table)} RENAME TO ${target}`
  }
  const words = plainKinds[kind] ?? routineKinds[kind]
  const renamed = { ...object, name: from, schema }
  const name = routineKinds[kind] === undefined ? plainName(renamed) : routineName(renamed)
  return words === undefined ? null : `ALTER ${words} ${name} RENAME TO ${target}`
}

/** `ALTER <KIND> name` for what SET SCHEMA and OWNER TO apply to; null for other kinds. */
export function alterPrefix(object: ObjectRef): string | null {
  const routine = routineKinds[object.kind]
  if (routine !== undefined) return `ALTER ${routine} ${routineName(object)}`
  const plain = plainKinds[object.kind]
  return plain === undefined ? null : `ALTER ${plain} ${plainName(object)}`
}

/** `COMMENT ON … IS …` with the old comment, or NULL for none. */
export function commentStatement(object: ObjectRef, comment: string | undefined): string | null {
  const { kind, name, table } = object
  const value = comment === undefined || comment === '' ? 'NULL' : quoteLiteral(comment)
  if (name === null) return null
  if (kind === 'column') {
    return table === undefined
      ? null
      : `COMMENT ON COLUMN ${quoteName(table)}.${quoteIdentifier(name)} IS ${value}`
  }
  const owned = kind === 'constraint' ? 'CONSTRAINT' : tableKinds[kind]
  if (owned !== undefined) {
    return table === undefined
      ? null
      : `COMMENT ON ${owned} ${quoteIdentifier(name)} ON ${quoteName(table)} IS ${value}`
  }
  const prefix = alterPrefix(object)
  return prefix === null ? null : `COMMENT ON ${prefix.slice('ALTER '.length)} IS ${value}`
}

const enablement: Readonly<Record<string, string>> = {
  enabled: 'ENABLE TRIGGER',
  disabled: 'DISABLE TRIGGER',
  replica: 'ENABLE REPLICA TRIGGER',
  always: 'ENABLE ALWAYS TRIGGER',
}

/** Gives a trigger or rule the state back that it had: 'enabled', 'disabled', 'replica' or 'always'. */
export function enableStatement(
  { kind, name, table }: ObjectRef,
  enabled: string | undefined,
): string | null {
  const words = enablement[enabled ?? '']
  if (table === undefined || name === null || words === undefined) return null
  const verb = kind === 'rule' ? words.replace('TRIGGER', 'RULE') : words
  return `ALTER TABLE ${quoteName(table)} ${verb} ${quoteIdentifier(name)}`
}

/** Gives a table its row security back: '[FORCE] ROW LEVEL SECURITY' as it was. Null for other states, such as those of all its triggers. */
export function rowSecurityStatement(
  { schema, name }: ObjectRef,
  change: string,
  attributes: ObjectBefore['attributes'],
): string | null {
  const alter = `ALTER TABLE ${quoteName({ schema, name: name ?? '' })}`
  if (change === 'ROW LEVEL SECURITY') {
    return `${alter} ${attributes['row security'] === 'enabled' ? 'ENABLE' : 'DISABLE'} ${change}`
  }
  if (change !== 'FORCE ROW LEVEL SECURITY') return null
  const force = attributes['force row security'] === 'forced' ? 'FORCE' : 'NO FORCE'
  return `${alter} ${force} ROW LEVEL SECURITY`
}
