import type { UsedName } from '../../plan/extension-needs.ts'
import type { Session } from '../../postgres/types.ts'

/** Where a name was found. */
export interface FoundName {
  /** Place in the list of names. */
  readonly place: number
  /** Null for access methods, which have none. */
  readonly schema: string | null
}

const part = (kind: UsedName['kind'], catalog: string, prefix: string) => `
select w.place, n.nspname::text
  from wanted w join pg_catalog.${catalog} o on o.${prefix}name = w.name join pg_catalog.pg_namespace n on n.oid = o.${prefix}namespace
 where w.kind = '${kind}' and (w.schema = '' or w.schema = n.nspname)`

/** Every place where the names are there, whatever the search path. One query. */
export async function findNames(
  session: Session,
  used: readonly UsedName[],
): Promise<readonly FoundName[]> {
  if (used.length === 0) return []
  return session.rows<FoundName>(
    `with wanted as materialized (
       select place, kind, schema, name
         from rows from (pg_catalog.unnest($1::pg_catalog.int4[]), pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[]),
                         pg_catalog.unnest($4::pg_catalog.text[])) as w (place, kind, schema, name)
     )
     select * from (${[part('operator class', 'pg_opclass', 'opc'), part('type', 'pg_type', 'typ'), part('function', 'pg_proc', 'pro')].join('\nunion\n')}
union
select w.place, null from wanted w join pg_catalog.pg_am a on a.amname = w.name where w.kind = 'access method') as found (place, schema)`,
    [
      used.map((_, place) => String(place)),
      used.map(({ kind }) => kind),
      used.map(({ schema }) => schema ?? ''),
      used.map(({ name }) => name),
    ],
  )
}
