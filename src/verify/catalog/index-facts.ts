import type { Expectation } from '../../plan/types.ts'
import { objectsOf } from '../../postgres/row-values.ts'
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

/** A row as the catalog has it: columns, operator classes and collations by number. */
interface Row extends MemberRow {
  readonly method: string
  readonly unique: boolean
  readonly nullsNotDistinct: boolean
  readonly valid: boolean
  readonly ready: boolean
  readonly live: boolean
  readonly partitioned: boolean
  readonly predicate: string | null
  readonly columns: string | null
  readonly keyCount: number
  readonly options: string
  readonly classes: string
  readonly collations: string
  /** Number, name and collation of each column of the table. */
  readonly attributes: readonly (readonly [number, string, number])[] | null
  /** OID, name, whether it is its type's default. */
  readonly classNames: readonly (readonly [number, string, boolean])[] | null
  /** OID, name. */
  readonly collationNames: readonly (readonly [number, string])[] | null
  /** In the order of the key; null where the key is a column. */
  readonly expressions: readonly (string | null)[] | null
}

/** Indexes of the expected names, and all of those tables of which one without a name is expected. NULLS NOT DISTINCT is of 15. */
export function readIndexes(
  expectations: readonly Expectation[],
  scope: Scope,
): FactsQuery<IndexFact> {
  return {
    text: `
    select n.nspname as schema, t.relname as "table", x.relname as name, m.amname as method,
      i.indisunique as "unique", i.indisvalid as valid, i.indisready as ready, i.indislive as live,
      ${scope.serverMajor >= 15 ? 'i.indnullsnotdistinct' : 'false'} as "nullsNotDistinct",
      x.relkind = 'I' as partitioned,
      pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate,
      i.indkey::text as columns, i.indnkeyatts as "keyCount", i.indoption::text as options,
      i.indclass::text as classes, i.indcollation::text as collations,
      (select pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname, a.attcollation::int8))
         from pg_catalog.pg_attribute a where a.attrelid = t.oid and a.attnum > 0) as attributes,
      (select pg_catalog.json_agg(pg_catalog.json_build_array(c.oid::int8, c.opcname, c.opcdefault))
         from pg_catalog.pg_opclass c where c.oid = any (i.indclass)) as "classNames",
      (select pg_catalog.json_agg(pg_catalog.json_build_array(l.oid::int8, l.collname))
         from pg_catalog.pg_collation l where l.oid = any (i.indcollation)) as "collationNames",
      case when i.indexprs is not null then (
        select pg_catalog.json_agg(case when i.indkey[place - 1] = 0 then pg_catalog.pg_get_indexdef(i.indexrelid, place, false) end
            order by place)
          from pg_catalog.generate_series(1, i.indnkeyatts::int) as place) end as expressions
    from pg_catalog.pg_class t
    join pg_catalog.pg_namespace n on n.oid = t.relnamespace and n.nspname = any ($2)
    left join (
      pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid join pg_catalog.pg_am m on m.oid = x.relam
    ) on i.indrelid = t.oid and (x.relname = any ($3) or t.relname = any ($4))
    where t.oid = any (array(
      select c.oid from pg_catalog.pg_class c where c.relname = any ($1) and c.relkind in ('r', 'p', 'm')
      union all
      select o.indrelid from pg_catalog.pg_class c join pg_catalog.pg_index o on o.indexrelid = c.oid where c.relname = any ($3)
    ))
    order by 1, 2, 3
    `,
    values: [...memberValues(expectations, scope), tablesOfUnnamed(expectations)],
    facts: (result) => objectsOf<Row>(result).map(factOf),
  }
}

function factOf(row: Row): IndexFact {
  const { schema, table, name, method, unique, valid, ready, live, partitioned, predicate } = row
  const numbers = listOf(row.columns)
  const columns = new Map((row.attributes ?? []).map((each) => [each[0], each]))
  return {
    schema,
    table,
    name,
    method,
    unique,
    nullsNotDistinct: row.nullsNotDistinct,
    valid,
    ready,
    live,
    partitioned,
    predicate,
    keys: name === null ? [] : keysOf(row, numbers.slice(0, row.keyCount), columns),
    include: numbers.slice(row.keyCount).flatMap((number) => columns.get(number)?.[1] ?? []),
  }
}

function keysOf(
  row: Row,
  numbers: readonly number[],
  columns: ReadonlyMap<number, readonly [number, string, number]>,
): KeyFact[] {
  const [options, classes, collations] = [row.options, row.classes, row.collations].map(listOf)
  const classNames = new Map((row.classNames ?? []).map((each) => [each[0], each]))
  const collationNames = new Map(row.collationNames ?? [])
  return numbers.map((number, place): KeyFact => {
    const [, column = null, ownCollation = 0] = columns.get(number) ?? []
    const [, opclass = '', opclassIsDefault = true] = classNames.get(classes?.[place] ?? 0) ?? []
    const option = options?.[place] ?? 0
    const collation = collations?.[place] ?? 0
    return {
      column,
      expression: row.expressions?.[place] ?? null,
      opclass,
      opclassIsDefault,
      descending: (option & 1) === 1,
      nullsFirst: (option & 2) === 2,
      collation:
        collation === (ownCollation || defaultCollation)
          ? null
          : (collationNames.get(collation) ?? null),
    }
  })
}

/** OID of the collation "default" (pg_collation.dat). */
const defaultCollation = 100

/** int2vector and oidvector as text: numbers parted by blanks. */
function listOf(vector: string | null): number[] {
  return vector === null || vector === '' ? [] : vector.split(' ').map(Number)
}
