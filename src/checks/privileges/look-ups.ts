import { hostedRights } from './hosted.ts'

/** The first parameter of the query: the functions that ask for a role take its name or its OID, so the type is said. */
const role = '$1::pg_catalog.name'

/** Kinds of objects that are looked up in one catalog. */
export type Space =
  | 'relation'
  | 'routine'
  | 'type'
  | 'statistics'
  | 'collation'
  | 'schema'
  | 'database'
  | 'role'
  | 'itself'
  | 'extension'
  | 'parameter'
  | 'publication'
  | 'subscription'
  | 'foreign server'
  | 'foreign data wrapper'
  | 'language'
  | 'event trigger'

/**
 * One SELECT a space over the CTE `wanted` (need, space, schema, name) with the role as the first parameter, each of (need, schema, name, owner, arguments,
 * rights, note). has_…_privilege() and pg_has_role() answer for a role that need not be the current one, superusers included.
 */
export function lookUps(serverMajor: number): Readonly<Record<Space, string>> {
  const tablePrivileges = [
    ...['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'],
    ...(serverMajor >= 17 ? ['MAINTAIN'] : []),
  ]
  const parameter = (privilege: string) =>
    serverMajor >= 15
      ? `pg_catalog.has_parameter_privilege(${role}, s.name, '${privilege}')`
      : `(select rolsuper from pg_catalog.pg_roles where rolname = ${role})`
  return {
    relation: `
select w.need, n.nspname::text as schema, c.relname::text as name, pg_catalog.pg_get_userbyid(c.relowner)::text as owner, null::text as arguments,
       ${inSchema('c.relowner')}
       || array(select p from pg_catalog.unnest(${list(tablePrivileges)}) p
                 where c.relkind not in ('S', 'c') and pg_catalog.has_table_privilege(${role}, c.oid, p))
       || ${serverMajor >= 17 ? maintainedByTable : `'{}'::pg_catalog.text[]`}
       || array(select p || ' (columns)' from pg_catalog.unnest(${list(['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'])}) p
                 where c.relkind not in ('S', 'c', 'i', 'I') and pg_catalog.has_any_column_privilege(${role}, c.oid, p))
       || array(select 'GRANT OPTION' from pg_catalog.unnest(${list(tablePrivileges)}) p
                 where c.relkind not in ('S', 'c') and pg_catalog.has_table_privilege(${role}, c.oid, p || ' WITH GRANT OPTION'))
       || array(select p from pg_catalog.unnest(${list(['USAGE', 'SELECT', 'UPDATE'])}) p
                 where case when c.relkind = 'S' then pg_catalog.has_sequence_privilege(${role}, c.oid, p) end) as rights,
       case when c.relrowsecurity and not (select r.rolbypassrls or r.rolsuper from pg_catalog.pg_roles r where r.rolname = ${role})
                 and (c.relforcerowsecurity or not pg_catalog.pg_has_role(${role}, c.relowner, 'USAGE')) then 'row security' end as note
  from wanted w
  join pg_catalog.pg_class c on c.relname = w.name
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where w.space = 'relation' and ${schemaMatches} and c.relkind <> 't'`,
    routine: `
select w.need, n.nspname::text, f.proname::text, pg_catalog.pg_get_userbyid(f.proowner)::text, pg_catalog.oidvectortypes(f.proargtypes),
       ${inSchema('f.proowner')}
       || array(select 'EXECUTE' where pg_catalog.has_function_privilege(${role}, f.oid, 'EXECUTE'))
       || array(select 'GRANT OPTION' where pg_catalog.has_function_privilege(${role}, f.oid, 'EXECUTE WITH GRANT OPTION')),
       null::text
  from wanted w
  join pg_catalog.pg_proc f on f.proname = w.name
  join pg_catalog.pg_namespace n on n.oid = f.pronamespace
 where w.space = 'routine' and ${schemaMatches}`,
    type: `
select w.need, n.nspname::text, t.typname::text, pg_catalog.pg_get_userbyid(t.typowner)::text, null::text,
       ${inSchema('t.typowner')} || array(select 'USAGE' where pg_catalog.has_type_privilege(${role}, t.oid, 'USAGE')), null::text
  from wanted w
  join pg_catalog.pg_type t on t.typname = w.name
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
 where w.space = 'type' and ${schemaMatches}`,
    statistics: `
select w.need, n.nspname::text, s.stxname::text, pg_catalog.pg_get_userbyid(s.stxowner)::text, null::text, ${inSchema('s.stxowner')}, null::text
  from wanted w
  join pg_catalog.pg_statistic_ext s on s.stxname = w.name
  join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
 where w.space = 'statistics' and ${schemaMatches}`,
    collation: `
select w.need, n.nspname::text, c.collname::text, pg_catalog.pg_get_userbyid(c.collowner)::text, null::text, ${inSchema('c.collowner')}, null::text
  from wanted w
  join pg_catalog.pg_collation c on c.collname = w.name
  join pg_catalog.pg_namespace n on n.oid = c.collnamespace
 where w.space = 'collation' and ${schemaMatches}`,
    schema: `
select w.need, null::text, n.nspname::text, pg_catalog.pg_get_userbyid(n.nspowner)::text, null::text,
       ${owned('n.nspowner')}
       || array(select p from pg_catalog.unnest(${list(['CREATE', 'USAGE'])}) p where pg_catalog.has_schema_privilege(${role}, n.oid, p))
       || array(select 'GRANT OPTION' from pg_catalog.unnest(${list(['CREATE', 'USAGE'])}) p
                 where pg_catalog.has_schema_privilege(${role}, n.oid, p || ' WITH GRANT OPTION')), null::text
  from wanted w join pg_catalog.pg_namespace n on n.nspname = w.name
 where w.space = 'schema'`,
    database: `
select w.need, null::text, d.datname::text, pg_catalog.pg_get_userbyid(d.datdba)::text, null::text,
       ${owned('d.datdba')}
       || array(select p from pg_catalog.unnest(${list(['CREATE', 'TEMPORARY', 'CONNECT'])}) p where pg_catalog.has_database_privilege(${role}, d.oid, p))
       || array(select 'GRANT OPTION' from pg_catalog.unnest(${list(['CREATE', 'TEMPORARY', 'CONNECT'])}) p
                 where pg_catalog.has_database_privilege(${role}, d.oid, p || ' WITH GRANT OPTION')), null::text
  from wanted w
  join pg_catalog.pg_database d on d.datname = case w.name when '' then pg_catalog.current_database() else w.name end
 where w.space = 'database'`,
    role: `
select w.need, null::text, r.rolname::text, null::text, null::text,
       array(select 'SET' where pg_catalog.pg_has_role(${role}, r.oid, '${serverMajor >= 16 ? 'SET' : 'MEMBER'}'))
       || array(select 'SESSION SET' where pg_catalog.pg_has_role(session_user, r.oid, '${serverMajor >= 16 ? 'SET' : 'MEMBER'}'))
       || array(select 'USAGE' where pg_catalog.pg_has_role(${role}, r.oid, 'USAGE'))
       || array(select 'ADMIN' where pg_catalog.pg_has_role(${role}, r.oid, 'MEMBER WITH ADMIN OPTION')${createRoleAdministers(serverMajor)}), session_user::text
  from wanted w join pg_catalog.pg_roles r on r.rolname = w.name
 where w.space = 'role'`,
    itself: `
select w.need, null::text, r.rolname::text, null::text, null::text,
       array(select p from (values ('SUPERUSER', r.rolsuper), ('CREATEROLE', r.rolcreaterole), ('CREATEDB', r.rolcreatedb)) held (p, is_held) where is_held)
       || array(select p.rolname::text from pg_catalog.pg_roles p where p.rolname ~ '^pg_' and pg_catalog.pg_has_role(${role}, p.oid, 'USAGE'))
       || ${hostedRights(role)}, null::text
  from wanted w join pg_catalog.pg_roles r on r.rolname = ${role}
 where w.space = 'itself'`,
    extension: `
select w.need, null::text, w.name, pg_catalog.pg_get_userbyid(e.extowner)::text, null::text,
       case when e.oid is null then '{}' else array['INSTALLED'] || ${owned('e.extowner')} end
       || array(select 'CREATE EXTENSION' where r.rolsuper or not v.superuser
                 or v.trusted and pg_catalog.has_database_privilege(${role}, pg_catalog.current_database(), 'CREATE'))
       || ${hostedRights(role)},
       case when v.superuser and not v.trusted then 'untrusted' end
  from wanted w
  join pg_catalog.pg_available_extensions a on a.name = w.name
  join pg_catalog.pg_roles r on r.rolname = ${role}
  left join pg_catalog.pg_extension e on e.extname = w.name
  left join pg_catalog.pg_available_extension_versions v on v.name = a.name and v.version = a.default_version
 where w.space = 'extension'`,
    parameter: `
select w.need, null::text, s.name, null::text, null::text,
       array(select 'SET' where s.context = 'user' or s.context like 'superuser%' and ${parameter('SET')})
       || array(select 'ALTER SYSTEM' where ${parameter('ALTER SYSTEM')})
       || ${hostedRights(role)}, s.context
  from wanted w join pg_catalog.pg_settings s on pg_catalog.lower(s.name) = pg_catalog.lower(w.name)
 where w.space = 'parameter'`,
    publication: simple('publication', 'pg_publication', 'pubname', 'pubowner'),
    subscription: `${simple('subscription', 'pg_subscription', 'subname', 'subowner')}
   and o.subdbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())`,
    'foreign server': simple(
      'foreign server',
      'pg_foreign_server',
      'srvname',
      'srvowner',
      'server',
    ),
    'foreign data wrapper': simple(
      'foreign data wrapper',
      'pg_foreign_data_wrapper',
      'fdwname',
      'fdwowner',
      'foreign_data_wrapper',
    ),
    language: `
select w.need, null::text, l.lanname::text, pg_catalog.pg_get_userbyid(l.lanowner)::text, null::text,
       ${owned('l.lanowner')}
       || array(select 'USAGE' where case when l.lanpltrusted then pg_catalog.has_language_privilege(${role}, l.oid, 'USAGE') else r.rolsuper end),
       case when not l.lanpltrusted then 'untrusted' end
  from wanted w
  join pg_catalog.pg_language l on l.lanname = w.name
  join pg_catalog.pg_roles r on r.rolname = ${role}
 where w.space = 'language'`,
    'event trigger': simple('event trigger', 'pg_event_trigger', 'evtname', 'evtowner'),
  }
}

/** Whoever maintains a table maintains its indexes. */
const maintainedByTable = `array(select 'MAINTAIN' from pg_catalog.pg_index i
                 where i.indexrelid = c.oid and pg_catalog.has_table_privilege(${role}, i.indrelid, 'MAINTAIN'))`

const schemaMatches = `(w.schema = n.nspname or w.schema = '')`

function owned(owner: string): string {
  return `array(select 'OWNER' where pg_catalog.pg_has_role(${role}, ${owner}, 'USAGE'))
       || array(select 'SUPERUSER OWNS' from pg_catalog.pg_roles g where g.oid = ${owner} and g.rolsuper)`
}

/** With what is held of the schema `n` that it lies in. */
function inSchema(owner: string): string {
  return `${owned(owner)}
       || array(select 'SCHEMA OWNER' where pg_catalog.pg_has_role(${role}, n.nspowner, 'USAGE'))
       || array(select 'SCHEMA ' || p from pg_catalog.unnest(${list(['CREATE', 'USAGE'])}) p where pg_catalog.has_schema_privilege(${role}, n.oid, p))`
}

function simple(
  space: Space,
  catalog: string,
  name: string,
  owner: string,
  usage?: string,
): string {
  const uses =
    usage === undefined
      ? ''
      : ` || array(select 'USAGE' where pg_catalog.has_${usage}_privilege(${role}, o.oid, 'USAGE'))`
  return `
select w.need, null::text, o.${name}::text, pg_catalog.pg_get_userbyid(o.${owner})::text, null::text, ${owned(`o.${owner}`)}${uses}, null::text
  from wanted w join pg_catalog.${catalog} o on o.${name} = w.name
 where w.space = '${space}'`
}

/** Before 16 CREATEROLE was enough to give any role but a superuser to anybody. */
function createRoleAdministers(serverMajor: number): string {
  return serverMajor >= 16
    ? ''
    : ` or (select me.rolcreaterole and not r.rolsuper from pg_catalog.pg_roles me where me.rolname = ${role})`
}

function list(words: readonly string[]): string {
  return `array[${words.map((word) => `'${word}'`).join(', ')}]`
}
