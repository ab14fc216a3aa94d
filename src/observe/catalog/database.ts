import { comment, enabledWord, isOwned, privileges, type Section } from './section.ts'

const grantable = `CASE f.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE f.defaclobjtype::text END`

/** ALTER DEFAULT PRIVILEGES of a schema; 0: of the whole database. */
function defaultPrivileges(namespace: string): string {
  return `(SELECT string_agg(quote_ident(pg_get_userbyid(f.defaclrole)) || ' on ' || ${grantable} || ': '
             || coalesce((SELECT string_agg(a::text, ' ' ORDER BY a::text COLLATE "C") FROM unnest(f.defaclacl) a), 'none'), ', '
             ORDER BY pg_get_userbyid(f.defaclrole) COLLATE "C", f.defaclobjtype)
           FROM pg_default_acl f WHERE f.defaclnamespace = ${namespace})`
}

const schemas: Section = {
  title: 'schemas',
  sql: `
    SELECT 'schema', n.nspname::text, n.nspname::text, NULL, NULL, quote_ident(n.nspname),
      json_build_object(
        'owner', pg_get_userbyid(n.nspowner),
        'privileges', ${privileges('n.nspacl', 'n', 'n.nspowner')},
        'default privileges', ${defaultPrivileges('n.oid')},
        'comment', ${comment('pg_namespace', 'n.oid')})
    FROM ns n`,
}

/** Without its name: databases of several names are compared. */
const database: Section = {
  title: 'the database',
  sql: `
    SELECT 'database', NULL, '', NULL, NULL, '',
      json_build_object(
        'privileges', ${privileges('d.datacl', 'd', 'd.datdba')},
        'default privileges', ${defaultPrivileges('0')},
        'settings', (SELECT string_agg(coalesce(quote_ident(pg_get_userbyid(nullif(s.setrole, 0))) || ': ', '') || array_to_string(s.setconfig, ', '), '; ' ORDER BY s.setrole <> 0, pg_get_userbyid(nullif(s.setrole, 0)) COLLATE "C")
                       FROM pg_db_role_setting s WHERE s.setdatabase = d.oid),
        'comment', shobj_description(d.oid, 'pg_database'))
    FROM pg_database d WHERE d.datname = current_database()`,
}

const extensions: Section = {
  title: 'extensions',
  sql: `
    SELECT 'extension', n.nspname::text, e.extname::text, NULL, NULL, quote_ident(e.extname),
      json_build_object('version', e.extversion, 'schema', n.nspname, 'comment', ${comment('pg_extension', 'e.oid')})
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace`,
}

const eventTriggers: Section = {
  title: 'event triggers',
  sql: `
    SELECT 'event trigger', NULL, v.evtname::text, NULL, NULL, quote_ident(v.evtname),
      json_build_object('event', v.evtevent, 'function', v.evtfoid::regprocedure::text, 'enabled', ${enabledWord('v.evtenabled')},
        'tags', array_to_string(v.evttags, ', '), 'owner', pg_get_userbyid(v.evtowner), 'comment', ${comment('pg_event_trigger', 'v.oid')})
    FROM pg_event_trigger v WHERE NOT ${isOwned('pg_event_trigger', 'v.oid')}`,
}

/** Column lists, row filters and schemas of a publication are 15's. */
function publications(major: number): Section {
  const columns = `(SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')' FROM pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs))`
  const filter = `' WHERE ' || pg_get_expr(r.prqual, r.prrelid)`
  const extra = major >= 15 ? ` || coalesce(${columns}, '') || coalesce(${filter}, '')` : ''
  const inSchemas =
    major >= 15
      ? `(SELECT string_agg(quote_ident(n.nspname), ', ' ORDER BY n.nspname COLLATE "C") FROM pg_publication_namespace s JOIN pg_namespace n ON n.oid = s.pnnspid WHERE s.pnpubid = p.oid)`
      : 'NULL'
  return {
    title: 'publications',
    sql: `
      SELECT 'publication', NULL, p.pubname::text, NULL, NULL, quote_ident(p.pubname),
        json_build_object(
          'all tables', p.puballtables::text,
          'operations', concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END),
          'via root', p.pubviaroot::text,
          'generated columns', nullif(to_jsonb(p) ->> 'pubgencols', 'n'),
          'tables', (SELECT string_agg(r.prrelid::regclass::text${extra}, ', ' ORDER BY r.prrelid::regclass::text COLLATE "C") FROM pg_publication_rel r WHERE r.prpubid = p.oid),
          'schemas', ${inSchemas},
          'owner', pg_get_userbyid(p.pubowner),
          'comment', ${comment('pg_publication', 'p.oid')})
      FROM pg_publication p`,
  }
}

/** Its connection string is a secret, and only a superuser may read it. */
const subscriptions: Section = {
  title: 'subscriptions',
  sql: `
    SELECT 'subscription', NULL, s.subname::text, NULL, NULL, quote_ident(s.subname),
      json_build_object('enabled', s.subenabled::text, 'slot', s.subslotname, 'publications', array_to_string(s.subpublications, ', '),
        'synchronous commit', s.subsynccommit, 'owner', pg_get_userbyid(s.subowner))
    FROM pg_subscription s WHERE s.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())`,
}

const foreignData: Section = {
  title: 'foreign data',
  sql: `
    SELECT 'foreign data wrapper', NULL, w.fdwname::text, NULL, NULL, quote_ident(w.fdwname),
      json_build_object('handler', nullif(w.fdwhandler, 0)::regproc::text, 'validator', nullif(w.fdwvalidator, 0)::regproc::text,
        'options', array_to_string(w.fdwoptions, ', '), 'owner', pg_get_userbyid(w.fdwowner),
        'privileges', ${privileges('w.fdwacl', 'F', 'w.fdwowner')}, 'comment', ${comment('pg_foreign_data_wrapper', 'w.oid')})
    FROM pg_foreign_data_wrapper w WHERE NOT ${isOwned('pg_foreign_data_wrapper', 'w.oid')}
    UNION ALL
    SELECT 'foreign server', NULL, s.srvname::text, NULL, NULL, quote_ident(s.srvname),
      json_build_object('wrapper', (SELECT w.fdwname FROM pg_foreign_data_wrapper w WHERE w.oid = s.srvfdw), 'type', s.srvtype, 'version', s.srvversion,
        'options', array_to_string(s.srvoptions, ', '), 'owner', pg_get_userbyid(s.srvowner),
        'privileges', ${privileges('s.srvacl', 'S', 's.srvowner')}, 'comment', ${comment('pg_foreign_server', 's.oid')})
    FROM pg_foreign_server s WHERE NOT ${isOwned('pg_foreign_server', 's.oid')}
    UNION ALL
    SELECT 'user mapping', NULL, u.usename::text, u.srvname::text, NULL, quote_ident(u.usename) || ' ON ' || quote_ident(u.srvname), '{}'::json
    FROM pg_user_mappings u`,
}

const languages: Section = {
  title: 'languages',
  sql: `
    SELECT 'language', NULL, l.lanname::text, NULL, NULL, quote_ident(l.lanname),
      json_build_object('trusted', l.lanpltrusted::text, 'handler', nullif(l.lanplcallfoid, 0)::regproc::text, 'owner', pg_get_userbyid(l.lanowner),
        'privileges', ${privileges('l.lanacl', 'l', 'l.lanowner')})
    FROM pg_language l WHERE l.lanispl AND (NOT ${isOwned('pg_language', 'l.oid')} OR l.lanacl IS NOT NULL)`,
}

export function databaseSections(major: number): readonly Section[] {
  return [
    schemas,
    database,
    extensions,
    eventTriggers,
    publications(major),
    subscriptions,
    foreignData,
    languages,
  ]
}
