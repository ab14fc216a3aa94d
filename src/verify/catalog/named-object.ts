import type { Expectation } from '../../plan/types.ts'
import type { Verification } from '../../report/types.ts'
import type { ObjectKind } from '../../sql/types.ts'
import { reach, type Scope, schemasOf } from '../scope.ts'
import { judgeAbsence, judgeAbsenceOnPath, judgePresence, verification } from '../verification.ts'
import { judgeEnabled } from './enabled.ts'
import type { FactsQuery } from './facts-query.ts'

export interface NamedFact {
  /** '' for what belongs to no schema. */
  readonly schema: string
  readonly name: string
  readonly enabled: NonNullable<Expectation['enabled']>
}

interface Source {
  readonly catalog: string
  readonly name: string
  readonly schema?: string
  readonly enabled?: string
  readonly where?: string
}

const sources = {
  schema: { catalog: 'pg_namespace', name: 'nspname' },
  extension: { catalog: 'pg_extension', name: 'extname' },
  'event trigger': { catalog: 'pg_event_trigger', name: 'evtname', enabled: 'o.evtenabled' },
  publication: { catalog: 'pg_publication', name: 'pubname' },
  subscription: {
    catalog: 'pg_subscription',
    name: 'subname',
    where:
      'o.subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())',
  },
  role: { catalog: 'pg_roles', name: 'rolname' },
  database: { catalog: 'pg_database', name: 'datname' },
  tablespace: { catalog: 'pg_tablespace', name: 'spcname' },
  'foreign server': { catalog: 'pg_foreign_server', name: 'srvname' },
  'foreign data wrapper': { catalog: 'pg_foreign_data_wrapper', name: 'fdwname' },
  language: { catalog: 'pg_language', name: 'lanname' },
  'access method': { catalog: 'pg_am', name: 'amname' },
  statistics: { catalog: 'pg_statistic_ext', name: 'stxname', schema: 'stxnamespace' },
  collation: { catalog: 'pg_collation', name: 'collname', schema: 'collnamespace' },
  conversion: { catalog: 'pg_conversion', name: 'conname', schema: 'connamespace' },
} as const satisfies Partial<Record<ObjectKind, Source>>

export type NamedKind = keyof typeof sources

export const namedKinds = Object.keys(sources) as readonly NamedKind[]

/** Objects of which a name, in a schema or alone, is all that is looked up. */
export function readNamed(kind: NamedKind) {
  const source: Source = sources[kind]
  return (expectations: readonly Expectation[], scope: Scope): FactsQuery<NamedFact> => {
    const names = expectations.flatMap(({ object }) => object.name ?? [])
    const enabled = source.enabled ?? "'O'"
    const filter = source.where === undefined ? '' : `and ${source.where}`
    return source.schema === undefined
      ? {
          text: `select '' as schema, o.${source.name} as name, ${enabled} as enabled
             from pg_catalog.${source.catalog} o where o.${source.name} = any ($1) ${filter}`,
          values: [names],
        }
      : {
          text: `select n.nspname as schema, o.${source.name} as name, ${enabled} as enabled
             from pg_catalog.${source.catalog} o join pg_catalog.pg_namespace n on n.oid = o.${source.schema}
            where o.${source.name} = any ($1) and n.nspname = any ($2) ${filter}`,
          values: [names, schemasOf(expectations, scope)],
        }
  }
}

export function judgeNamed(kind: NamedKind) {
  const source: Source = sources[kind]
  return (expectation: Expectation, facts: readonly NamedFact[], scope: Scope): Verification => {
    const { object, state, enabled } = expectation
    const named = facts.filter(({ name }) => name === object.name)
    const inSchema = source.schema !== undefined
    const found = inSchema ? reach(named, object.schema, scope) : (named[0] ?? null)
    const judge = () => {
      if (state === 'absent') {
        return inSchema
          ? judgeAbsenceOnPath(found, expectation, scope)
          : judgeAbsence(found !== null)
      }
      if (enabled !== undefined) return judgeEnabled(enabled, found?.enabled ?? null)
      return judgePresence(found !== null)
    }
    return verification(expectation, scope, judge())
  }
}
