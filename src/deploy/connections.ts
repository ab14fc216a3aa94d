import { applicationName } from '../postgres/application-name.ts'
import { terminateBackend } from '../postgres/observer.ts'
import { ServerError } from '../postgres/server-error.ts'
import { connect } from '../postgres/session.ts'
import { applyWorkerSettings, resetWorker } from '../postgres/settings.ts'
import { sqlstate } from '../postgres/sqlstate.ts'
import type { ConnectionConfig, Session } from '../postgres/types.ts'
import type { Report, SessionSetting } from '../report/types.ts'
import type { Settings } from '../runbook/types.ts'
import { byObserver } from './answer-looker.ts'
import { reconnect } from './reconnect.ts'
import type { Connections, Identity } from './run.ts'

interface Opened {
  readonly connection: ConnectionConfig
  readonly settings: Settings
  /** Gets the session's settings as read back. */
  readonly report: Report
}

/** How long a backend may take to notice that its client is gone before it is ended. */
const patienceMs = 2_000

/**
 * The worker and what it takes to keep it usable: prepared anew for each migration, connected anew when it was lost.
 * Returns the connections; `worker` is the one to use now.
 */
export async function openWorker(
  { connection, settings, report }: Opened,
  runId: string,
  observer: Session,
  identity: Identity,
): Promise<Connections & { close(): Promise<void> }> {
  const open = (version?: string) =>
    connect(connection, {
      name: 'worker',
      applicationName: applicationName(runId, 'worker', version),
      patience: byObserver(observer),
    })
  const settingsFor = (version: string) => ({
    ...(settings.role === undefined ? {} : { role: settings.role }),
    lockTimeout: settings.lockTimeout,
    statementTimeout: settings.statementTimeout,
    idleInTransactionTimeout: settings.idleInTransactionTimeout,
    applicationName: applicationName(runId, 'worker', version),
  })
  let worker = await open()
  let lost = false
  let current = ''
  const watch = (session: Session) => {
    void session.lost.then(() => {
      if (session === worker) lost = true
    })
  }
  watch(worker)
  return {
    get worker() {
      return worker
    },
    async prepareWorker(version): Promise<readonly SessionSetting[]> {
      if (lost) {
        await endBackend(observer, worker.backendPid)
        worker = await reconnect(() => open(version), connection, identity)
        lost = false
        watch(worker)
      }
      current = version
      report.session = [...(await resetWorker(worker, settingsFor(version)))]
      return report.session
    },
    async restoreWorker(what) {
      const { role, ...others } = settingsFor(current)
      const all = what === 'all' && role !== undefined ? { ...others, role } : others
      await applyWorkerSettings(worker, all)
    },
    async endWorker() {
      lost = true
      await endBackend(observer, worker.backendPid)
    },
    close: () => worker.close(),
  }
}

/** How long one that was ended may take to go: it must notice that first, and then roll back. */
const endMs = 60_000

/**
 * Waits for a backend to be gone; ends it when it lingers. Only then is nothing more to come from it.
 * Errors: ServerError when it is still there after all.
 */
async function endBackend(observer: Session, pid: number): Promise<void> {
  const deadline = Date.now() + patienceMs
  let ended = false
  while (await isThere(observer, pid)) {
    if (!ended && Date.now() > deadline) {
      await terminateBackend(observer, pid)
      ended = true
    }
    if (Date.now() > deadline + endMs) throw stillThere(pid)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function stillThere(pid: number): ServerError {
  return new ServerError({
    code: sqlstate.objectInUse,
    message: `the backend ${pid} of a lost connection was ended, and is still there after ${endMs / 1000} s`,
    severity: 'ERROR',
    lost: false,
  })
}

async function isThere(observer: Session, pid: number): Promise<boolean> {
  const result = await observer.query(
    'select exists (select from pg_catalog.pg_stat_activity where pid = $1)',
    [pid],
  )
  return result.rows[0]?.[0] === 't'
}
