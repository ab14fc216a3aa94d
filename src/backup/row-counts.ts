import { cancelBackend } from '../postgres/observer.ts'
import { connect } from '../postgres/session.ts'
import type { Session } from '../postgres/types.ts'
import type { PlanTable } from './plan-tables.ts'
import type { BackupRequest } from './request.ts'

/** Rows by the table's quoted name. */
export type RowCounts = ReadonlyMap<string, number>

/** Counts rows, exactly. Row security makes it fail (42501) instead of counting too few. */
export async function countRows(
  session: Session,
  tables: readonly PlanTable[],
): Promise<RowCounts> {
  const counted = tables.filter(({ hasRows }) => hasRows)
  if (counted.length === 0) return new Map()
  await session.simple('set row_security = off')
  const { rows } = await session.query(
    counted
      .map(({ quoted }, index) => `select ${index}, pg_catalog.count(*) from only ${quoted}`)
      .join(' union all '),
  )
  return new Map(
    rows.map(([index, count]) => [counted[Number(index)]?.quoted ?? '', Number(count)]),
  )
}

/** Counts as long as it is not stopped: then `cancel` ends it, which makes it reject. */
export async function countUntil(
  stop: AbortSignal,
  cancel: () => unknown,
  count: () => Promise<RowCounts>,
): Promise<RowCounts> {
  stop.throwIfAborted()
  stop.addEventListener('abort', cancel)
  try {
    return await count()
  } finally {
    stop.removeEventListener('abort', cancel)
  }
}

/** A moment of the target that pg_dump and our counting share. It holds back vacuum for as long as the dump itself does. */
export interface Snapshot {
  /** For pg_dump --snapshot. */
  readonly id: string
  /** Aborting the request's `stop` makes it reject; the server ends its query, too. */
  count(tables: readonly PlanTable[]): Promise<RowCounts>
  close(): Promise<void>
}

export async function exportSnapshot({
  connection,
  observer,
  stop,
}: Pick<BackupRequest, 'connection' | 'observer' | 'stop'>): Promise<Snapshot> {
  const session = await connect(connection, {
    name: 'backup',
    applicationName: 'pg-airlock backup',
    unlimited: true,
  })
  await session.simple('begin isolation level repeatable read read only')
  const { rows } = await session.query('select pg_catalog.pg_export_snapshot()')
  const cancel = () =>
    cancelBackend(observer, session.backendPid, session.backendStart).catch(() => undefined)
  return {
    id: rows[0]?.[0] ?? '',
    count: (tables) => countUntil(stop, cancel, () => countRows(session, tables)),
    close: () => session.close(),
  }
}
