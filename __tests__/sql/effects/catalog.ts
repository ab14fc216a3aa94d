import type { TestDatabase } from '../../support/database.ts'

/** An object of the catalog in the words of effects, with what the server says of its definition. */
export interface CatalogObject {
  readonly kind: string
  readonly schema: string | null
  readonly table: string | null
  readonly name: string
  readonly arguments: string | null
  readonly definition: string | null
  readonly detail: Readonly<Record<string, string | boolean | null>> | null
  /** Made by the server for another object: the index of a constraint, NOT NULL of 18, a multirange, an extension's member. */
  readonly implicit: boolean
}

const OBJECTS = `
WITH schemas AS (
  SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
)
SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
            WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'index' END AS kind,
       n.nspname AS schema, (SELECT relname FROM pg_class t WHERE t.oid = i.indrelid) AS table, c.relname AS name,
       NULL AS arguments, CASE WHEN i.indexrelid IS NOT NULL THEN pg_get_indexdef(c.oid) END AS definition, NULL::jsonb AS detail,
       (EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
        OR c.relispartition AND c.relkind IN ('i', 'I')) AS implicit
  FROM pg_class c JOIN schemas n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relkind <> 't'
UNION ALL
SELECT 'column', n.nspname, c.relname, a.attname, NULL, pg_get_expr(d.adbin, d.adrelid),
       jsonb_build_object('type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
         'identity', a.attidentity, 'generated', a.attgenerated), a.attinhcount > 0 OR c.relkind = 'v'
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN schemas n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'c', 'v')
UNION ALL
SELECT 'constraint', n.nspname, coalesce(c.relname, t.typname), k.conname, NULL, pg_get_constraintdef(k.oid),
       jsonb_build_object('valid', k.convalidated), k.contype = 'n' OR k.contype = 't' OR k.coninhcount > 0 OR k.conparentid <> 0
  FROM pg_constraint k JOIN schemas n ON n.oid = k.connamespace LEFT JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_type t ON t.oid = k.contypid
UNION ALL
SELECT 'trigger', n.nspname, c.relname, t.tgname, NULL, pg_get_triggerdef(t.oid), jsonb_build_object('enabled', t.tgenabled), t.tgparentid <> 0
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN schemas n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal
UNION ALL
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, n.nspname, NULL, p.proname,
       (SELECT coalesce(string_agg(format_type(x.t, NULL), ', ' ORDER BY x.o), '') FROM unnest(p.proargtypes) WITH ORDINALITY x(t, o)), NULL, NULL,
       EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype IN ('i', 'e'))
  FROM pg_proc p JOIN schemas n ON n.oid = p.pronamespace
UNION ALL
SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, n.nspname, NULL, t.typname, NULL,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END, NULL, t.typtype = 'm'
  FROM pg_type t JOIN schemas n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r', 'm')
UNION ALL
SELECT 'enum value', n.nspname, t.typname, e.enumlabel, NULL, NULL, NULL, false
  FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN schemas n ON n.oid = t.typnamespace
UNION ALL
SELECT 'policy', n.nspname, c.relname, p.polname, NULL, NULL, NULL, false
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN schemas n ON n.oid = c.relnamespace
UNION ALL
SELECT 'rule', n.nspname, c.relname, r.rulename, NULL, NULL, NULL, false
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN schemas n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT 'statistics', n.nspname, NULL, x.stxname, NULL, NULL, NULL, false FROM pg_statistic_ext x JOIN schemas n ON n.oid = x.stxnamespace
UNION ALL
SELECT 'collation', n.nspname, NULL, x.collname, NULL, NULL, NULL, false FROM pg_collation x JOIN schemas n ON n.oid = x.collnamespace
UNION ALL
SELECT 'operator', n.nspname, NULL, x.oprname,
       CASE x.oprleft WHEN 0 THEN 'none' ELSE format_type(x.oprleft, NULL) END || ', ' || format_type(x.oprright, NULL), NULL, NULL, false
  FROM pg_operator x JOIN schemas n ON n.oid = x.oprnamespace
UNION ALL
SELECT 'conversion', n.nspname, NULL, x.conname, NULL, NULL, NULL, false FROM pg_conversion x JOIN schemas n ON n.oid = x.connamespace
UNION ALL
SELECT 'text search', n.nspname, NULL, x.cfgname, NULL, NULL, NULL, false FROM pg_ts_config x JOIN schemas n ON n.oid = x.cfgnamespace
UNION ALL
SELECT 'text search', n.nspname, NULL, x.dictname, NULL, NULL, NULL, false FROM pg_ts_dict x JOIN schemas n ON n.oid = x.dictnamespace
UNION ALL
SELECT 'operator class', n.nspname, NULL, x.opcname, NULL, NULL, NULL, false FROM pg_opclass x JOIN schemas n ON n.oid = x.opcnamespace
UNION ALL
SELECT 'operator family', n.nspname, NULL, x.opfname, NULL, NULL, NULL,
       EXISTS (SELECT FROM pg_opclass c WHERE c.opcfamily = x.oid AND c.opcname = x.opfname)
  FROM pg_opfamily x JOIN schemas n ON n.oid = x.opfnamespace
UNION ALL
SELECT 'cast', NULL, NULL, format_type(castsource, NULL) || ' as ' || format_type(casttarget, NULL), NULL, NULL, NULL, EXISTS (SELECT FROM pg_depend d WHERE d.objid = k.oid AND d.classid = 'pg_cast'::regclass AND d.deptype = 'i')
  FROM pg_cast k WHERE oid >= 16384
UNION ALL SELECT 'schema', NULL, NULL, nspname, NULL, NULL, NULL, false FROM schemas
UNION ALL SELECT 'extension', NULL, NULL, extname, NULL, NULL, NULL, false FROM pg_extension
UNION ALL SELECT 'publication', NULL, NULL, pubname, NULL, NULL, NULL, false FROM pg_publication
UNION ALL SELECT 'event trigger', NULL, NULL, evtname, NULL, NULL, NULL, false FROM pg_event_trigger
UNION ALL SELECT 'foreign data wrapper', NULL, NULL, fdwname, NULL, NULL, NULL, false FROM pg_foreign_data_wrapper
UNION ALL SELECT 'foreign server', NULL, NULL, srvname, NULL, NULL, NULL, false FROM pg_foreign_server
UNION ALL SELECT 'user mapping', NULL, NULL, coalesce(nullif(usename, 'public'), 'PUBLIC') || ' on ' || srvname, NULL, NULL, NULL, false FROM pg_user_mappings
UNION ALL SELECT 'role', NULL, NULL, rolname, NULL, NULL, NULL, false FROM pg_roles WHERE rolname ~ '^effects_'
UNION ALL SELECT 'language', NULL, NULL, lanname, NULL, NULL, NULL, false FROM pg_language
UNION ALL SELECT 'access method', NULL, NULL, amname, NULL, NULL, NULL, false FROM pg_am`

export async function readObjects(database: TestDatabase): Promise<readonly CatalogObject[]> {
  return database.query<CatalogObject & Record<string, unknown>>(OBJECTS)
}

/** An object's identity: what tells it from all others. */
export function identity(object: {
  readonly kind: string
  readonly schema: string | null
  readonly table?: string | null
  readonly name: string | null
}): string {
  const { kind, schema, table, name } = object
  return [kind, schema ?? '', kind === 'index' ? '' : (table ?? ''), name ?? ''].join('|')
}
