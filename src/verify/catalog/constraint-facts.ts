import type { Expectation } from '../../plan/types.ts'
import { objectsOf } from '../../postgres/row-values.ts'
import type { ConstraintDefinition } from '../../sql/types.ts'
import type { Scope } from '../scope.ts'
import type { FactsQuery } from './facts-query.ts'
import { type MemberRow, memberValues, tablesOfUnnamed } from './member.ts'

export interface ConstraintFact extends MemberRow {
  readonly type: ConstraintDefinition['type'] | null
  readonly columns: readonly string[]
  readonly include: readonly string[]
  readonly nullsNotDistinct: boolean
  readonly targetSchema: string | null
  readonly targetTable: string | null
  readonly targetColumns: readonly string[]
  readonly targetIsKey: boolean
  readonly onDelete: string
  readonly onDeleteColumns: readonly string[]
  readonly onUpdate: string
  readonly match: string
  readonly deferrable: boolean
  readonly deferred: boolean
  readonly expression: string | null
  readonly valid: boolean
  /** Whether the index of a key or an EXCLUDE constraint is valid; true where there is none. */
  readonly indexValid: boolean
  readonly enforced: boolean
  readonly noInherit: boolean
  readonly period: boolean
  /** The whole definition of an EXCLUDE, whose operators stand nowhere else in words. */
  readonly definition: string | null
  readonly isDomain: boolean
  /** Columns of the table that are NOT NULL; ["VALUE"] for a domain that is. */
  readonly notNull: readonly string[]
}

/** A row as the catalog has it: columns by number, single letters for actions. */
interface Row extends MemberRow {
  readonly isDomain: boolean
  readonly domainNotNull: boolean
  /** Number, name, NOT NULL of each column of the table. */
  readonly attributes: readonly (readonly [number, string, boolean])[] | null
  readonly type: string | null
  readonly key: readonly number[] | null
  /** Schema, name, column names by number. */
  readonly target: readonly [string, string, Readonly<Record<string, string>>] | null
  readonly targetKey: readonly number[] | null
  readonly onDelete: string | null
  readonly onDeleteKey: readonly number[] | null
  readonly onUpdate: string | null
  readonly match: string | null
  readonly deferrable: boolean
  readonly deferred: boolean
  readonly expression: string | null
  readonly valid: boolean
  readonly enforced: boolean
  readonly noInherit: boolean
  readonly period: boolean
  readonly definition: string | null
  /** Of its index: column numbers, those of the key first. */
  readonly indexColumns: string | null
  readonly indexKeys: number | null
  readonly nullsNotDistinct: boolean | null
  readonly isPrimary: boolean | null
  readonly indexValid: boolean | null
}

/**
 * Constraints of the expected names, and all of those tables of which one without a name is expected. Before 18 a NOT NULL
 * is no constraint of its own: its column tells. NOT ENFORCED is of 18, NULLS NOT DISTINCT of 15.
 */
export function readConstraints(
  expectations: readonly Expectation[],
  scope: Scope,
): FactsQuery<ConstraintFact> {
  const { serverMajor } = scope
  return {
    text: `
    select n.nspname as schema, o."table", o.domain <> 0 as "isDomain", o."domainNotNull",
      (select pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname, a.attnotnull))
         from pg_catalog.pg_attribute a where a.attrelid = o.relation and a.attnum > 0) as attributes,
      k.conname as name, k.contype::text as type, k.conkey as key,
      (select pg_catalog.json_build_array(fn.nspname, f.relname, (
           select pg_catalog.json_object_agg(a.attnum, a.attname) from pg_catalog.pg_attribute a
            where a.attrelid = f.oid and a.attnum = any (k.confkey)))
         from pg_catalog.pg_class f join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
        where f.oid = k.confrelid) as target,
      k.confkey as "targetKey", k.confdeltype::text as "onDelete",
      ${serverMajor >= 15 ? 'k.confdelsetcols' : 'null::int2[]'} as "onDeleteKey",
      k.confupdtype::text as "onUpdate", k.confmatchtype::text as match,
      k.condeferrable as deferrable, k.condeferred as deferred,
      pg_catalog.pg_get_expr(k.conbin, k.conrelid) as expression,
      k.convalidated as valid,
      ${serverMajor >= 18 ? 'k.conenforced' : 'true'} as enforced,
      k.connoinherit as "noInherit",
      ${serverMajor >= 18 ? 'coalesce(k.conperiod, false)' : 'false'} as period,
      case when k.contype = 'x' then pg_catalog.pg_get_constraintdef(k.oid) end as definition,
      i.indkey::text as "indexColumns", i.indnkeyatts as "indexKeys",
      ${serverMajor >= 15 ? 'i.indnullsnotdistinct' : 'false'} as "nullsNotDistinct",
      i.indisprimary as "isPrimary", i.indisvalid as "indexValid"
    from (
      select t.relnamespace as namespace, t.relname as "table", t.oid as relation, 0::oid as domain, false as "domainNotNull"
        from pg_catalog.pg_class t where t.relkind in ('r', 'p', 'f') and t.relname = any ($1)
      union all
      select t.typnamespace, t.typname, 0, t.oid, t.typnotnull
        from pg_catalog.pg_type t where t.typtype = 'd' and t.typname = any ($1)
    ) o
    join pg_catalog.pg_namespace n on n.oid = o.namespace and n.nspname = any ($2)
    left join pg_catalog.pg_constraint k
      on k.conrelid = o.relation and k.contypid = o.domain and (k.conname = any ($3) or o."table" = any ($4))
    left join pg_catalog.pg_index i on i.indexrelid = k.conindid
    order by 1, 2, 6
    `,
    values: [...memberValues(expectations, scope), tablesOfUnnamed(expectations)],
    facts: (result) => objectsOf<Row>(result).map(factOf),
  }
}

function factOf(row: Row): ConstraintFact {
  const { schema, table, name, target, expression, valid, enforced, noInherit, period } = row
  const { deferrable, deferred, definition, isDomain } = row
  const attributes = row.attributes ?? []
  const names = new Map(attributes.map(([number, column]) => [number, column]))
  const named = (numbers: readonly number[] | null) =>
    (numbers ?? []).flatMap((number) => names.get(number) ?? [])
  const indexed = (row.indexColumns ?? '').split(' ').map(Number)
  return {
    schema,
    table,
    name,
    type: row.type === null ? null : (types[row.type] ?? null),
    columns: named(row.key),
    include: named(indexed.slice(row.indexKeys ?? indexed.length)),
    nullsNotDistinct: row.nullsNotDistinct ?? false,
    targetSchema: target?.[0] ?? null,
    targetTable: target?.[1] ?? null,
    targetColumns: (row.targetKey ?? []).flatMap((number) => target?.[2][number] ?? []),
    targetIsKey: row.isPrimary ?? false,
    onDelete: actions[row.onDelete ?? ''] ?? 'NO ACTION',
    onDeleteColumns: named(row.onDeleteKey),
    onUpdate: actions[row.onUpdate ?? ''] ?? 'NO ACTION',
    match: matches[row.match ?? ''] ?? 'SIMPLE',
    deferrable,
    deferred,
    expression,
    valid,
    // That of a foreign key is the target's.
    indexValid: row.type === 'f' || (row.indexValid ?? true),
    enforced,
    noInherit,
    period,
    definition,
    isDomain,
    notNull: isDomain
      ? row.domainNotNull
        ? ['VALUE']
        : []
      : attributes.flatMap(([, column, notNull]) => (notNull ? [column] : [])),
  }
}

const types: Readonly<Record<string, ConstraintDefinition['type']>> = {
  p: 'primary key',
  u: 'unique',
  f: 'foreign key',
  c: 'check',
  x: 'exclude',
  n: 'not null',
}

const actions: Readonly<Record<string, string>> = {
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
}

const matches: Readonly<Record<string, string>> = { f: 'FULL', p: 'PARTIAL' }
