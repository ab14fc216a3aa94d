import type { Session } from '../../postgres/types.ts'

export interface Extension {
  readonly name: string
  /** Null: not installed in this database. */
  readonly installed: string | null
  /** What CREATE EXTENSION would install; null: its files aren't on the server. */
  readonly available: string | null
  /** All versions whose files are there. */
  readonly versions: readonly string[]
  /** Of the names given: all that its default version requires, and what those require. */
  readonly requires: readonly string[]
}

/** The extensions that are installed, and those of the names given that could be. One query. */
export function readExtensions(session: Session, names: readonly string[]): Promise<Extension[]> {
  return session.rows<Extension>(
    `with recursive required (name, requires) as (
       select v.name::text, r::text
         from pg_catalog.pg_available_extension_versions v
         join pg_catalog.pg_available_extensions a on a.name = v.name and a.default_version = v.version,
              pg_catalog.unnest(v.requires) r
        where v.name = any ($1::pg_catalog.text[])
       union
       select f.name, r::text
         from required f
         join pg_catalog.pg_available_extension_versions v on v.name = f.requires
         join pg_catalog.pg_available_extensions a on a.name = v.name and a.default_version = v.version,
              pg_catalog.unnest(v.requires) r
     )
     select coalesce(e.extname::text, a.name::text) as name, e.extversion as installed, a.default_version as available,
            array(select v.version from pg_catalog.pg_available_extension_versions v where v.name = a.name and a.name = any ($1::pg_catalog.text[]) order by 1) as versions,
            array(select f.requires from required f where f.name = a.name order by 1) as requires
       from pg_catalog.pg_extension e
       full join pg_catalog.pg_available_extensions a on a.name = e.extname
      where e.oid is not null or a.name = any ($1::pg_catalog.text[])
      order by 1`,
    [names],
  )
}
