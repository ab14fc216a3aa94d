import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'

/** Somebody else in the run's database, who does to it what a fault asks for. */
export interface Control {
  /** Holds up what the statement waits for, and resolves when it does. */
  shut(sql: string): Promise<void>
  /** Takes the run's lock, as another run. */
  holdRunLock(): Promise<void>
  /** Resolves when the worker waits for a lock, or after ten seconds rejects. */
  workerWaits(): Promise<void>
  /** Ends what was held up. */
  open(): Promise<void>
  terminate(role: string): Promise<void>
  cancelWorker(): Promise<void>
  close(): Promise<void>
}

const ofRole = `from pg_catalog.pg_stat_activity where datname = current_database()
  and application_name like 'pg-airlock %' and split_part(application_name, ' ', 3) = $1`

const runLock = 'select pg_catalog.pg_advisory_xact_lock(1634300524, 7299947)'

export async function controlOf(url: string): Promise<Control> {
  const connect = async () => {
    const client = new pg.Client({ connectionString: url, application_name: 'test of faults' })
    client.on('error', () => {})
    await client.connect()
    return client
  }
  const [client, holder] = await Promise.all([connect(), connect()])
  return {
    async shut(sql) {
      await holder.query(`begin; ${sql}`)
    },
    async holdRunLock() {
      await holder.query(`begin; ${runLock}`)
    },
    async workerWaits() {
      for (let waited = 0; waited < 10_000; waited += 20) {
        const { rowCount } = await client.query(`select ${ofRole} and wait_event_type = 'Lock'`, [
          'worker',
        ])
        if (rowCount !== 0) return
        await pause(20)
      }
      throw new Error('the worker never came to wait for the gate')
    },
    async open() {
      await holder.query('rollback').catch(() => undefined)
    },
    async terminate(role) {
      await client.query(`select pg_catalog.pg_terminate_backend(pid) ${ofRole}`, [role])
    },
    async cancelWorker() {
      await client.query(`select pg_catalog.pg_cancel_backend(pid) ${ofRole}`, ['worker'])
    },
    async close() {
      await Promise.all([client, holder].map((each) => each.end().catch(() => undefined)))
    },
  }
}
