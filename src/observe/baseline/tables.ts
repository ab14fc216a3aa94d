import type { Query, TextResult } from '../../postgres/types.ts'
import { quoteName } from '../../sql/identifier.ts'
import { ourMark } from './read-only.ts'
import type { WantedTable } from './touched.ts'

/** A table as the catalog has it now. */
export interface TableFacts {
  readonly oid: string
  readonly schema: string
  readonly name: string
  /** Schema-qualified, quoted as the server prints it. */
  readonly table: string
  /** pg_class.relkind. */
  readonly kind: string
  /** It and all its partitions and children, printed likewise. */
  readonly relations: readonly string[]
  /** Rows by the planner's statistics, over all of them; null: never analysed. */
  readonly estimate: number | null
  /** Pages by the same statistics. */
  readonly pages: number
  /** The role may SELECT from it. */
  readonly readable: boolean
}

/** Asks for everything that the names may mean, and for the tables of before by their OIDs: a renamed one is followed. */
export function tablesQuery(
  wanted: readonly WantedTable[],
  searchPath: readonly string[],
  oids: readonly string[],
  role: string | undefined,
): Query {
  const candidates = wanted.flatMap((each) => candidatesOf(each, searchPath))
  const allowed =
    role === undefined
      ? `pg_catalog.has_table_privilege(c.oid, 'SELECT')`
      : `pg_catalog.has_table_privilege($4::pg_catalog.name, c.oid, 'SELECT')`
  return {
    text: `WITH RECURSIVE ${ourMark} found AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relkind, n.nspname, ${allowed} AS readable
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f')
     AND ((n.nspname, c.relname) IN (SELECT s, t FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.name[]), pg_catalog.unnest($2::pg_catalog.name[])) AS w (s, t))
          OR c.oid = ANY ($3::pg_catalog.oid[]))
), family (root, member) AS (
  SELECT oid, oid FROM found
  UNION
  SELECT f.root, i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.member
)
SELECT f.oid, f.nspname, f.relname, f.relkind, f.readable, m.relations,
       m.estimate, m.pages
  FROM found f
 CROSS JOIN LATERAL (
   SELECT pg_catalog.json_agg(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)) AS relations,
          CASE WHEN pg_catalog.bool_or(c.reltuples < 0 AND c.relkind <> 'p') THEN NULL
               ELSE pg_catalog.sum(c.reltuples) FILTER (WHERE c.relkind <> 'p') END AS estimate,
          pg_catalog.sum(c.relpages) AS pages
     FROM family y JOIN pg_catalog.pg_class c ON c.oid = y.member JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE y.root = f.oid
 ) m`,
    values: [
      candidates.map(({ schema }) => schema),
      candidates.map(({ name }) => name),
      [...oids],
      ...(role === undefined ? [] : [role]),
    ],
  }
}

const ownSchemas: ReadonlySet<string> = new Set(['airlock', 'pg_catalog', 'information_schema'])

function candidatesOf(
  { schema, name, searchPath: own }: WantedTable,
  searchPath: readonly string[],
): { schema: string; name: string }[] {
  const schemas = schema === null ? (own ?? searchPath) : [schema]
  return schemas.filter((each) => !ownSchemas.has(each)).map((each) => ({ schema: each, name }))
}

export function readTables({ rows }: TextResult): TableFacts[] {
  return rows.map(([oid, schema, name, kind, readable, relations, estimate, pages]) => ({
    oid: oid ?? '',
    schema: schema ?? '',
    name: name ?? '',
    table: quoteName({ schema: schema ?? '', name: name ?? '' }),
    kind: kind ?? '',
    relations: JSON.parse(relations ?? '[]') as string[],
    estimate: estimate == null ? null : Math.round(Number(estimate)),
    pages: Number(pages ?? 0),
    readable: readable === 't',
  }))
}

/** The table that a name means: in its own schema, else in the first schema of the search path that has one. */
export function tableOf(
  wanted: WantedTable,
  tables: readonly TableFacts[],
  searchPath: readonly string[],
): TableFacts | null {
  for (const { schema, name } of candidatesOf(wanted, searchPath)) {
    const found = tables.find((table) => table.schema === schema && table.name === name)
    if (found !== undefined) return found
  }
  return null
}
