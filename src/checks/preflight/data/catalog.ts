import type {
  KnownDomain,
  KnownObjects,
  KnownRelation,
  KnownType,
} from '../../../plan/prechecks.ts'
import type { Session } from '../../../postgres/types.ts'

/** PostgreSQL 18 sets attnotnull of a column whose NOT NULL is NOT VALID too; before, a table's NOT NULL is no constraint of its own. */
const relations = `
  SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind,
    c.relhastriggers OR c.relhasrules OR c.relhassubclass OR EXISTS (
      SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = c.oid) AS "reachesOthers",
    c.relrowsecurity AS "rowSecurity", coalesce(i.indisvalid, true) AS valid,
    coalesce((SELECT pg_catalog.json_agg(a.attname ORDER BY k.place)
      FROM pg_catalog.pg_constraint AS p
      CROSS JOIN LATERAL pg_catalog.unnest(p.conkey) WITH ORDINALITY AS k (number, place)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.conrelid AND a.attnum = k.number
      WHERE p.conrelid = c.oid AND p.contype = 'p'), '[]') AS key,
    coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname, 'notNull', a.attnotnull AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum AND NOT k.convalidated),
        'type', CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
          ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END) ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
    coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', k.conname, 'valid', k.convalidated,
        'definition', pg_catalog.pg_get_constraintdef(k.oid)))
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = c.oid AND k.conname = ANY ($1)), '[]') AS constraints
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
  WHERE c.relpersistence <> 't' AND (c.relname = ANY ($1) OR c.oid IN (
    SELECT k.confrelid FROM pg_catalog.pg_constraint AS k WHERE k.contype = 'f' AND k.conname = ANY ($1)))`

/** Columns of a domain, and of domains over it: in tables and materialized views, each for its own rows. */
const domains = `
  WITH RECURSIVE over (root, oid) AS (
    SELECT t.oid, t.oid FROM pg_catalog.pg_type AS t WHERE t.typtype = 'd' AND t.typname = ANY ($1)
    UNION
    SELECT o.root, t.oid FROM over AS o JOIN pg_catalog.pg_type AS t ON t.typbasetype = o.oid AND t.typtype = 'd'
  )
  SELECT n.nspname AS schema, t.typname AS name,
    coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('schema', cn.nspname, 'table', c.relname, 'column', a.attname)
        ORDER BY cn.nspname, c.relname, a.attnum)
      FROM over AS o
      JOIN pg_catalog.pg_attribute AS a ON a.atttypid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
      JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace
      WHERE o.root = t.oid), '[]') AS columns,
    coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', k.conname, 'valid', k.convalidated,
        'definition', pg_catalog.pg_get_constraintdef(k.oid)))
      FROM pg_catalog.pg_constraint AS k
      WHERE k.contypid = t.oid AND k.conname = ANY ($1)), '[]') AS constraints
  FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  WHERE t.typtype = 'd' AND t.typname = ANY ($1)`

/** Not the row types of tables, and of what a type is made of not what every server has. */
const types = `
  WITH RECURSIVE part (root, oid) AS (
    SELECT t.oid, t.oid FROM pg_catalog.pg_type AS t LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
    WHERE t.typname = ANY ($1) AND coalesce(c.relkind = 'c', true)
    UNION
    SELECT p.root, below.oid FROM part AS p JOIN pg_catalog.pg_type AS t ON t.oid = p.oid
      CROSS JOIN LATERAL (
        SELECT t.typbasetype UNION ALL SELECT t.typelem
        UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid
        UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
          WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS below (oid)
    WHERE below.oid <> 0
  )
  SELECT n.nspname AS schema, t.typname AS name, t.typdefault IS NOT NULL AS "hasDefault",
    coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('schema', bn.nspname, 'name', b.typname) ORDER BY bn.nspname, b.typname)
      FROM part AS p JOIN pg_catalog.pg_type AS b ON b.oid = p.oid JOIN pg_catalog.pg_namespace AS bn ON bn.oid = b.typnamespace
      WHERE p.root = t.oid AND p.oid <> t.oid AND bn.nspname <> 'pg_catalog'), '[]') AS parts
  FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  WHERE t.oid IN (SELECT p.root FROM part AS p)`

/**
 * Tables, domains and types of these names in all schemas, and what foreign keys of these names refer to, by three queries. To be read under an empty search_path,
 * so that definitions name every schema.
 */
export async function readKnownObjects(
  session: Session,
  names: ReadonlySet<string>,
): Promise<KnownObjects> {
  const wanted = [[...names]]
  const tables = await session.rows<KnownRelation>(relations, wanted)
  const known = await session.rows<KnownDomain>(domains, wanted)
  const made = await session.rows<KnownType>(types, wanted)
  return { relation: finder(tables), domain: finder(known), type: finder(made) }
}

function finder<Known extends { readonly schema: string; readonly name: string }>(
  all: readonly Known[],
): (
  name: { readonly schema: string | null; readonly name: string },
  path: readonly string[],
) => Known | null {
  const byName = new Map(all.map((one) => [JSON.stringify([one.schema, one.name]), one]))
  return ({ schema, name }, path) => {
    for (const each of schema === null ? path : [schema]) {
      const found = byName.get(JSON.stringify([each, name]))
      if (found !== undefined) return found
    }
    return null
  }
}
