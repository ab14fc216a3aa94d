import { quoteIdentifier, quoteName } from '../../sql/identifier.ts'
import type { ObjectRef, QualifiedName } from '../../sql/types.ts'
import type { ObjectBefore } from './object-before.ts'

/**
 * The statement that makes a dropped object again from its definition, or null where the catalog's
 * definition isn't enough (a table, a column: their rows are gone).
 */
export function createStatement(
  { kind, name, table, schema }: ObjectRef,
  before: ObjectBefore,
  concurrently: boolean,
): string | null {
  const { definition } = before.attributes
  if (name === null) return null
  const composed = composedStatement({ kind, name, schema, ...(table && { table }) }, before)
  if (composed !== null || definition === undefined) return composed
  switch (kind) {
    case 'constraint':
      return table === undefined
        ? null
        : `ALTER TABLE ${quoteName(table)} ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}`
    case 'index':
      return concurrently
        ? definition.replace(/^(CREATE (?:UNIQUE )?INDEX )/, '$1CONCURRENTLY ')
        : definition
    case 'view':
    case 'materialized view': {
      if (/^\s*CREATE\s/i.test(definition)) return trimmed(definition)
      const words = kind === 'view' ? 'CREATE OR REPLACE VIEW' : 'CREATE MATERIALIZED VIEW'
      const home = before.schema ?? schema
      return `${words} ${quoteName({ schema: home, name })} AS ${trimmed(definition)}`
    }
    case 'table':
    case 'column':
    case 'enum value':
      return null
    default:
      return /^\s*CREATE\s/i.test(definition) ? trimmed(definition) : null
  }
}

/** For kinds that the server has no function to print: put together from what it says of them. */
function composedStatement(
  { kind, name, table }: ObjectRef,
  { schema, attributes }: ObjectBefore,
): string | null {
  const full = quoteName({ schema, name: name ?? '' })
  switch (kind) {
    case 'schema':
      return `CREATE SCHEMA ${quoteIdentifier(name ?? '')}`
    case 'extension': {
      const home = schema === null ? '' : ` SCHEMA ${quoteIdentifier(schema)}`
      return `CREATE EXTENSION ${quoteIdentifier(name ?? '')}${home}`
    }
    case 'type':
      return attributes.labels === undefined
        ? null
        : `CREATE TYPE ${full} AS ENUM (${attributes.labels})`
    case 'policy':
      return table === undefined ? null : policyStatement(name ?? '', table, attributes)
    default:
      return null
  }
}

function policyStatement(
  name: string,
  table: QualifiedName,
  attributes: ObjectBefore['attributes'],
): string {
  const { command = 'all', permissive, roles = 'public', using } = attributes
  const check = attributes['with check']
  return [
    `CREATE POLICY ${quoteIdentifier(name)} ON ${quoteName(table)}`,
    permissive === 'false' ? 'AS RESTRICTIVE' : 'AS PERMISSIVE',
    `FOR ${command.toUpperCase()} TO ${roles}`,
    ...(using === undefined ? [] : [`USING (${using})`]),
    ...(check === undefined ? [] : [`WITH CHECK (${check})`]),
  ].join(' ')
}

function trimmed(definition: string): string {
  return definition.trim().replace(/;$/, '')
}
