import { columnPrivileges, comment, enabledWord, privileges, type Section } from './section.ts'

const kindWord = `CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END`

const tables: Section = {
  title: 'tables and views',
  sql: `
    SELECT ${kindWord}, c.nspname::text, c.relname::text, NULL, NULL, c.identity,
      json_build_object(
        'definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
        'columns', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        'owner', pg_get_userbyid(c.relowner),
        'persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
        'populated', CASE WHEN c.relkind = 'm' THEN c.relispopulated::text END,
        'row security', CASE WHEN c.relrowsecurity THEN 'enabled' END,
        'force row security', CASE WHEN c.relforcerowsecurity THEN 'forced' END,
        'replica identity', CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' WHEN 'i' THEN 'index' END,
        'options', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(c.reloptions) o),
        'toast options', (SELECT array_to_string(t.reloptions, ', ') FROM pg_class t WHERE t.oid = c.reltoastrelid),
        'tablespace', (SELECT t.spcname FROM pg_tablespace t WHERE t.oid = c.reltablespace),
        'access method', (SELECT m.amname FROM pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'),
        'partition key', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
        'partition bound', pg_get_expr(c.relpartbound, c.oid),
        'inherits', CASE WHEN c.relkind IN ('r', 'p', 'f') THEN (
           SELECT string_agg(i.inhparent::regclass::text
                    || CASE WHEN to_jsonb(i) ->> 'inhdetachpending' = 'true' THEN ' (detach pending)' ELSE '' END,
                    ', ' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid) END,
        'of type', CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
        'server', (SELECT s.srvname FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid),
        'server options', (SELECT array_to_string(f.ftoptions, ', ') FROM pg_foreign_table f WHERE f.ftrelid = c.oid),
        'privileges', ${privileges('c.relacl', 'r', 'c.relowner')},
        'comment', ${comment('pg_class', 'c.oid')})
    FROM rel c WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')`,
}

/** A view's columns are in its definition: only what is said of one column beside it. */
const columns: Section = {
  title: 'columns',
  sql: `
    SELECT 'column', c.nspname::text, a.attname::text, c.relname::text, NULL, c.identity || '.' || quote_ident(a.attname),
      json_build_object(
        'type', format_type(a.atttypid, a.atttypmod),
        'not null', a.attnotnull::text,
        'default', pg_get_expr(d.adbin, d.adrelid),
        'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
        'generated', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
        'collation', (SELECT l.oid::regcollation::text FROM pg_collation l WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation),
        'storage', CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END,
        'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
        'statistics target', nullif(coalesce(a.attstattarget, -1), -1)::text,
        'options', array_to_string(a.attoptions, ', '),
        'server options', array_to_string(a.attfdwoptions, ', '),
        'inherited', CASE WHEN a.attinhcount > 0 THEN a.attinhcount::text || CASE WHEN a.attislocal THEN ', local' ELSE '' END END,
        'privileges', ${columnPrivileges('a.attacl')},
        'comment', m.description)
    FROM rel c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_description m ON m.objoid = c.oid AND m.classoid = 'pg_class'::regclass AND m.objsubid = a.attnum
    WHERE c.relkind IN ('r', 'p', 'f', 'c')
       OR (c.relkind IN ('v', 'm') AND (d.adbin IS NOT NULL OR m.description IS NOT NULL OR a.attacl IS NOT NULL OR a.attoptions IS NOT NULL))`,
}

/**
 * Rows that Postgres makes on the same table for each partition that a foreign key refers to are left out: their names are numbered as
 * they come. Validity of an index's constraint is the index's.
 */
const constraints: Section = {
  title: 'constraints',
  sql: `
    SELECT 'constraint', coalesce(c.nspname, n.nspname)::text, k.conname::text, coalesce(c.relname, y.typname)::text, NULL,
      coalesce(c.identity, quote_ident(n.nspname) || '.' || quote_ident(y.typname)) || '.' || quote_ident(k.conname),
      json_build_object(
        'type', CASE k.contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'x' THEN 'exclude' WHEN 'n' THEN 'not null' END,
        'definition', pg_get_constraintdef(k.oid),
        'valid', k.convalidated::text,
        'inherited', CASE WHEN k.coninhcount > 0 THEN k.coninhcount::text || CASE WHEN k.conislocal THEN ', local' ELSE '' END END,
        'triggers', CASE WHEN k.contype = 'f' THEN (
           SELECT string_agg(DISTINCT ${enabledWord('t.tgenabled')}, ', ') FROM pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgenabled <> 'O') END,
        'comment', ${comment('pg_constraint', 'k.oid')})
    FROM pg_constraint k
    LEFT JOIN rel c ON c.oid = k.conrelid
    LEFT JOIN (pg_type y JOIN ns n ON n.oid = y.typnamespace) ON y.oid = k.contypid AND k.conrelid = 0
    WHERE k.contype <> 't' AND (c.oid IS NOT NULL OR y.oid IS NOT NULL)
      AND NOT EXISTS (SELECT FROM owned o WHERE o.classid = 'pg_type'::regclass AND o.objid = k.contypid)
      AND NOT EXISTS (SELECT FROM pg_constraint p WHERE k.conparentid <> 0 AND p.oid = k.conparentid AND p.conrelid = k.conrelid)`,
}

const indexes: Section = {
  title: 'indexes',
  sql: `
    SELECT 'index', c.nspname::text, c.relname::text, t.relname::text, NULL, c.identity,
      json_build_object(
        'definition', pg_get_indexdef(i.indexrelid),
        'valid', i.indisvalid::text,
        'ready', i.indisready::text,
        'live', CASE WHEN NOT i.indislive THEN 'false' END,
        'clustered', CASE WHEN i.indisclustered THEN 'true' END,
        'replica identity', CASE WHEN i.indisreplident THEN 'true' END,
        'deferred check', CASE WHEN NOT i.indimmediate THEN 'true' END,
        'tablespace', (SELECT s.spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
        'partition of', (SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = i.indexrelid),
        'statistics targets', (SELECT string_agg(a.attnum || ': ' || a.attstattarget, ', ' ORDER BY a.attnum) FROM pg_attribute a
                                WHERE a.attrelid = c.oid AND a.attstattarget >= 0),
        'comment', ${comment('pg_class', 'c.oid')})
    FROM rel c
    JOIN pg_index i ON i.indexrelid = c.oid
    JOIN rel t ON t.oid = i.indrelid`,
}

const triggers: Section = {
  title: 'triggers',
  sql: `
    SELECT 'trigger', c.nspname::text, g.tgname::text, c.relname::text, NULL, c.identity || '.' || quote_ident(g.tgname),
      json_build_object(
        'definition', pg_get_triggerdef(g.oid),
        'enabled', ${enabledWord('g.tgenabled')},
        'comment', ${comment('pg_trigger', 'g.oid')})
    FROM pg_trigger g JOIN rel c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal`,
}

const rules: Section = {
  title: 'rules',
  sql: `
    SELECT 'rule', c.nspname::text, r.rulename::text, c.relname::text, NULL, c.identity || '.' || quote_ident(r.rulename),
      json_build_object(
        'definition', pg_get_ruledef(r.oid),
        'enabled', ${enabledWord('r.ev_enabled')},
        'comment', ${comment('pg_rewrite', 'r.oid')})
    FROM pg_rewrite r JOIN rel c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN'`,
}

const policies: Section = {
  title: 'policies',
  sql: `
    SELECT 'policy', c.nspname::text, p.polname::text, c.relname::text, NULL, c.identity || '.' || quote_ident(p.polname),
      json_build_object(
        'command', CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END,
        'permissive', p.polpermissive::text,
        'roles', (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY CASE r WHEN 0 THEN '' ELSE pg_get_userbyid(r) END COLLATE "C") FROM unnest(p.polroles) r),
        'using', pg_get_expr(p.polqual, p.polrelid),
        'with check', pg_get_expr(p.polwithcheck, p.polrelid),
        'comment', ${comment('pg_policy', 'p.oid')})
    FROM pg_policy p JOIN rel c ON c.oid = p.polrelid`,
}

/** The definition, never the position. */
const sequences: Section = {
  title: 'sequences',
  sql: `
    SELECT 'sequence', c.nspname::text, c.relname::text, o.relname::text, NULL, c.identity,
      json_build_object(
        'type', format_type(s.seqtypid, NULL),
        'start', s.seqstart::text,
        'increment', s.seqincrement::text,
        'minimum', s.seqmin::text,
        'maximum', s.seqmax::text,
        'cache', s.seqcache::text,
        'cycle', s.seqcycle::text,
        'persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
        'owned by', CASE WHEN o.oid IS NOT NULL THEN o.identity || '.' || (SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = o.oid AND a.attnum = d.refobjsubid) END,
        'owner', pg_get_userbyid(c.relowner),
        'privileges', ${privileges('c.relacl', 's', 'c.relowner')},
        'comment', ${comment('pg_class', 'c.oid')})
    FROM rel c
    JOIN pg_sequence s ON s.seqrelid = c.oid
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
      AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    LEFT JOIN rel o ON o.oid = d.refobjid`,
}

const statistics: Section = {
  title: 'statistics objects',
  sql: `
    SELECT 'statistics', n.nspname::text, s.stxname::text, c.relname::text, NULL, quote_ident(n.nspname) || '.' || quote_ident(s.stxname),
      json_build_object(
        'definition', pg_get_statisticsobjdef(s.oid),
        'target', nullif(coalesce(s.stxstattarget, -1), -1)::text,
        'owner', pg_get_userbyid(s.stxowner),
        'comment', ${comment('pg_statistic_ext', 's.oid')})
    FROM pg_statistic_ext s JOIN ns n ON n.oid = s.stxnamespace JOIN rel c ON c.oid = s.stxrelid`,
}

export const relationSections: readonly Section[] = [
  tables,
  columns,
  constraints,
  indexes,
  triggers,
  rules,
  policies,
  sequences,
  statistics,
]
