import type { PrivilegeNeed } from '../../plan/privileges.ts'
import type { Session } from '../../postgres/types.ts'
import type { ObjectKind } from '../../sql/types.ts'
import { lookUps, type Space } from './look-ups.ts'

/** An object of the catalog and what the role may do with it. */
export interface Held {
  /** Place of the need in the list that was asked. */
  readonly need: number
  readonly schema: string | null
  readonly name: string
  readonly owner: string | null
  /** Of routines, as oidvectortypes() prints them. */
  readonly arguments: string | null
  /** In the words of PrivilegeNeed.anyOf; 'UPDATE (columns)' for a privilege on some columns only. */
  readonly rights: readonly string[]
  /** What is asked of it otherwise than plainly: 'row security', 'untrusted', 'not available'. */
  readonly note: string | null
}

/** What the role holds of each object that is needed: one query, whatever their number. */
export async function readRights(
  session: Session,
  role: string,
  needs: readonly PrivilegeNeed[],
): Promise<readonly Held[]> {
  const wanted = needs.map(({ object }, need) => ({
    need,
    space: spaceOf(object.kind, object.name),
    ...object,
  }))
  const spaces = new Set(wanted.flatMap(({ space }) => space ?? []))
  if (spaces.size === 0) return []
  const asked = wanted.filter(({ space }) => space !== null)
  return session.rows<Held>(
    `with wanted as materialized (
       select need, space, schema, name
         from rows from (pg_catalog.unnest($2::pg_catalog.int4[]), pg_catalog.unnest($3::pg_catalog.text[]), pg_catalog.unnest($4::pg_catalog.text[]), pg_catalog.unnest($5::pg_catalog.text[]))
              as w (need, space, schema, name)
     )
     select * from (${[...spaces].map((space) => lookUps(session.serverMajor)[space]).join('\nunion all\n')})
       as held (need, schema, name, owner, arguments, rights, note)`,
    [
      role,
      asked.map(({ need }) => String(need)),
      asked.map(({ space }) => space ?? ''),
      // No name of a schema is empty.
      asked.map(({ schema }) => schema ?? ''),
      asked.map(({ name }) => name ?? ''),
    ],
  )
}

const SPACES: Partial<Record<ObjectKind, Space>> = {
  table: 'relation',
  view: 'relation',
  'materialized view': 'relation',
  sequence: 'relation',
  'foreign table': 'relation',
  index: 'relation',
  function: 'routine',
  procedure: 'routine',
  aggregate: 'routine',
  type: 'type',
  domain: 'type',
  schema: 'schema',
  database: 'database',
  role: 'role',
  extension: 'extension',
  parameter: 'parameter',
  publication: 'publication',
  subscription: 'subscription',
  'foreign server': 'foreign server',
  'foreign data wrapper': 'foreign data wrapper',
  language: 'language',
  'event trigger': 'event trigger',
  statistics: 'statistics',
  collation: 'collation',
}

function spaceOf(kind: ObjectKind, name: string | null): Space | null {
  return kind === 'role' && name === null ? 'itself' : (SPACES[kind] ?? null)
}
