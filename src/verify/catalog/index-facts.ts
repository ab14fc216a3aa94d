import type { Expectation } from '../../plan/types.ts'
import type { Scope } from '../scope.ts'
import type { FactsQuery } from './facts-query.ts'
import { type MemberRow, memberValues, tablesOfUnnamed } from './member.ts'

export interface IndexFact extends MemberRow {
  readonly method: string
  readonly unique: boolean
  readonly nullsNotDistinct: boolean
  readonly valid: boolean
  readonly ready: boolean
  readonly live: boolean
  /** Of a partitioned table: valid once every partition has its own. */
  readonly partitioned: boolean
  readonly keys: readonly KeyFact[]
  readonly include: readonly string[]
  readonly predicate: string | null
}

export interface KeyFact {
  readonly column: string | null
  readonly expression: string | null
  readonly opclass: string
  readonly opclassIsDefault: boolean
  readonly descending: boolean
  readonly nullsFirst: boolean
  /** Null where it is the column's own. */
  readonly collation: string | null
}

/** Indexes of the expected names, and all of those tables of which one without a name is expected. NULLS NOT DISTINCT is of 15. */
export function readIndexes(
  expectations: readonly Expectation[],
  scope: Scope,
): FactsQuery<IndexFact> {
  return {
    text: `
    select n.nspname as schema, t.relname as "table", k.name, k.method,
      k.indisunique as "unique", k.indisvalid as valid, k.indisready as ready, k.indislive as live,
      ${scope.serverMajor >= 15 ? 'k.indnullsnotdistinct' : 'false'} as "nullsNotDistinct",
      k.partitioned,
      (select pg_catalog.json_agg(pg_catalog.json_build_object(
          'column', a.attname,
          'expression', case when a.attname is null then pg_catalog.pg_get_indexdef(k.indexrelid, place, false) end,
          'opclass', c.opcname,
          'opclassIsDefault', c.opcdefault,
          'descending', k.indoption[place - 1] & 1 = 1,
          'nullsFirst', k.indoption[place - 1] & 2 = 2,
          'collation', case when l.oid <> coalesce(nullif(a.attcollation, 0), 100) then l.collname end
        ) order by place)
        from pg_catalog.generate_series(1, k.indnkeyatts::int) as place
        left join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = k.indkey[place - 1]
        join pg_catalog.pg_opclass c on c.oid = k.indclass[place - 1]
        left join pg_catalog.pg_collation l on l.oid = k.indcollation[place - 1]
      ) as keys,
      pg_catalog.to_json(array(
        select a.attname from pg_catalog.generate_series(k.indnkeyatts::int, k.indnatts::int - 1) as place
          join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = k.indkey[place] order by place
      )) as include,
      pg_catalog.pg_get_expr(k.indpred, k.indrelid) as predicate
    from (
      select c.oid from pg_catalog.pg_class c where c.relname = any ($1) and c.relkind in ('r', 'p', 'm')
      union
      select i.indrelid from pg_catalog.pg_class c join pg_catalog.pg_index i on i.indexrelid = c.oid
       where c.relname = any ($3)
    ) o
    join pg_catalog.pg_class t on t.oid = o.oid
    join pg_catalog.pg_namespace n on n.oid = t.relnamespace
    left join lateral (
      select ic.relname::text as name, ic.relkind = 'I' as partitioned,
          (select am.amname from pg_catalog.pg_am am where am.oid = ic.relam) as method, i.*
        from pg_catalog.pg_index i join pg_catalog.pg_class ic on ic.oid = i.indexrelid
       where i.indrelid = t.oid and (ic.relname = any ($3) or t.relname = any ($4))
    ) k on true
    where n.nspname = any ($2)
    order by 1, 2, 3
    `,
    values: [...memberValues(expectations, scope), tablesOfUnnamed(expectations)],
  }
}
