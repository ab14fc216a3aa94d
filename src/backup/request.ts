import type { ConnectionConfig, Session } from '../postgres/types.ts'
import type { Placeholder } from '../runbook/gates/template.ts'
import type { PlanTable } from './plan-tables.ts'

/** What a backup is made of, and what it must hold. */
export interface BackupRequest {
  /** The target, bound to the one server that the run talks to. */
  readonly connection: ConnectionConfig
  /** As the user wrote it, for commands; undefined: it is put together from `connection`. */
  readonly databaseUrl: string | undefined
  /** The throw-away database for a drill; null where none is named, or nothing will be made. */
  readonly drill: ConnectionConfig | null
  readonly observer: Session
  readonly tables: readonly PlanTable[]
  /** What the braces of a path stand for. */
  readonly values: Readonly<Record<Placeholder, string>>
  /** Takes secrets out of a text: before it is shortened. */
  readonly redact: (text: string) => string
  /** Aborted when the run is to be cancelled: programs are ended then. */
  readonly stop: AbortSignal
}

/** pg_database_size(); null where the role may not connect to it any more. Takes no lock on a table. */
export async function databaseBytes(observer: Session): Promise<number | null> {
  const [row] = await observer.rows<{ bytes: number | null }>(
    `select case when pg_catalog.has_database_privilege(pg_catalog.current_database(), 'connect')
             then pg_catalog.pg_database_size(pg_catalog.current_database())::float8 end as bytes`,
  )
  return row?.bytes ?? null
}
