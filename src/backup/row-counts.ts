import { connect } from '../postgres/session.ts'
import type { ConnectionConfig, Session } from '../postgres/types.ts'
import type { PlanTable } from './plan-tables.ts'

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

/** A moment of the target that pg_dump and our counting share. It holds back vacuum for as long as the dump itself does. */
export interface Snapshot {
  /** For pg_dump --snapshot. */
  readonly id: string
  count(tables: readonly PlanTable[]): Promise<RowCounts>
  close(): Promise<void>
}

export async function exportSnapshot(connection: ConnectionConfig): Promise<Snapshot> {
  const session = await connect(connection, {
    name: 'backup',
    applicationName: 'pg-airlock backup',
    unlimited: true,
  })
  await session.simple('begin isolation level repeatable read read only')
  const { rows } = await session.query('select pg_catalog.pg_export_snapshot()')
  return {
    id: rows[0]?.[0] ?? '',
    count: (tables) => countRows(session, tables),
    close: () => session.close(),
  }
}
