/** Begins the right that a role has by being an administrator of a hosted server: 'hosted: role rds_superuser'. */
export const hosted = 'hosted: '

/** Of Amazon RDS and Aurora, Cloud SQL, AlloyDB, Azure and Neon, in that order. */
const administrators = [
  'rds_superuser',
  'cloudsqlsuperuser',
  'alloydbsuperuser',
  'azure_pg_admin',
  'neon_superuser',
]

/**
 * An array of those rights, for the role that is the query's first parameter. Supabase lets a module decide, which its settings tell of.
 */
export const hostedRights = (role: string): string => `array(
         select '${hosted}role ' || p.rolname from pg_catalog.pg_roles p
          where p.rolname in (${administrators.map((name) => `'${name}'`).join(', ')}) and pg_catalog.pg_has_role(${role}, p.oid, 'MEMBER')
         union all
         select '${hosted}supautils.privileged_extensions' where pg_catalog.current_setting('supautils.privileged_extensions', true) <> '')`
