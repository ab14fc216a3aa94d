import type { Expectation } from '../../plan/types.ts'
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
    select o.schema, o."table", k.name, k.type,
      pg_catalog.to_json(array(
        select a.attname from pg_catalog.unnest(k.conkey) with ordinality as u (number, place)
          join pg_catalog.pg_attribute a on a.attrelid = o.oid and a.attnum = u.number order by u.place
      )) as columns,
      pg_catalog.to_json(array(
        select a.attname from pg_catalog.generate_series(i.indnkeyatts::int, i.indnatts::int - 1) as place
          join pg_catalog.pg_attribute a on a.attrelid = o.oid and a.attnum = i.indkey[place] order by place
        )) as include,
      ${serverMajor >= 15 ? 'coalesce(i.indnullsnotdistinct, false)' : 'false'} as "nullsNotDistinct",
      (select fn.nspname from pg_catalog.pg_class f join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
        where f.oid = k.confrelid) as "targetSchema",
      (select f.relname from pg_catalog.pg_class f where f.oid = k.confrelid) as "targetTable",
      pg_catalog.to_json(array(
        select a.attname from pg_catalog.unnest(k.confkey) with ordinality as u (number, place)
          join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.number order by u.place
      )) as "targetColumns",
      coalesce(i.indisprimary, false) as "targetIsKey",
      ${action('k.confdeltype')} as "onDelete",
      pg_catalog.to_json(array(
        select a.attname from pg_catalog.unnest(${serverMajor >= 15 ? 'k.confdelsetcols' : 'null::int2[]'}) as u (number)
          join pg_catalog.pg_attribute a on a.attrelid = o.oid and a.attnum = u.number
      )) as "onDeleteColumns",
      ${action('k.confupdtype')} as "onUpdate",
      case k.confmatchtype when 'f' then 'FULL' when 'p' then 'PARTIAL' else 'SIMPLE' end as match,
      k.condeferrable as deferrable, k.condeferred as deferred,
      pg_catalog.pg_get_expr(k.conbin, k.conrelid) as expression,
      k.convalidated as valid,
      k.contype = 'f' or coalesce(i.indisvalid, true) as "indexValid",
      ${serverMajor >= 18 ? 'k.conenforced' : 'true'} as enforced,
      k.connoinherit as "noInherit",
      ${serverMajor >= 18 ? 'coalesce(k.conperiod, false)' : 'false'} as period,
      case when k.type = 'exclude' then pg_catalog.pg_get_constraintdef(k.oid) end as definition,
      o.domain <> 0 as "isDomain", o."notNull"
    from (
      select t.oid, n.nspname as schema, t.relname as "table", t.oid as relation, 0::oid as domain,
          pg_catalog.to_json(array(
            select a.attname from pg_catalog.pg_attribute a where a.attrelid = t.oid and a.attnum > 0 and a.attnotnull
          )) as "notNull"
        from pg_catalog.pg_class t join pg_catalog.pg_namespace n on n.oid = t.relnamespace
       where t.relkind in ('r', 'p', 'f') and t.relname = any ($1) and n.nspname = any ($2)
      union all
      select t.oid, n.nspname, t.typname, 0, t.oid,
          case when t.typnotnull then '["VALUE"]'::json else '[]'::json end
        from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
       where t.typtype = 'd' and t.typname = any ($1) and n.nspname = any ($2)
    ) o
    left join lateral (
      select c.conname::text as name,
          case c.contype when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key'
            when 'c' then 'check' when 'x' then 'exclude' when 'n' then 'not null' else c.contype::text end as type,
          c.*
        from pg_catalog.pg_constraint c
       where c.conrelid = o.relation and c.contypid = o.domain and (c.conname = any ($3) or o."table" = any ($4))
    ) k on true
    left join pg_catalog.pg_index i on i.indexrelid = k.conindid
    order by 1, 2, 3
    `,
    values: [...memberValues(expectations, scope), tablesOfUnnamed(expectations)],
  }
}

function action(column: string): string {
  return `case ${column} when 'r' then 'RESTRICT' when 'c' then 'CASCADE' when 'n' then 'SET NULL'
        when 'd' then 'SET DEFAULT' else 'NO ACTION' end`
}
