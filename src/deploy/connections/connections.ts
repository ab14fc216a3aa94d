import { applicationName } from '../../postgres/application-name.ts'
import { connect } from '../../postgres/session.ts'
import { applyWorkerSettings, resetWorker } from '../../postgres/settings.ts'
import type { ConnectionConfig, Session } from '../../postgres/types.ts'
import type { Report, SessionSetting } from '../../report/types.ts'
import type { Settings } from '../../runbook/types.ts'
import type { Connections, Identity } from '../run.ts'
import { byObserver } from './answer-looker.ts'
import { endBackend } from './end-backend.ts'
import { reconnect } from './reconnect.ts'

interface Opened {
  readonly connection: ConnectionConfig
  readonly settings: Settings
  /** Gets the session's settings as read back. */
  readonly report: Report
}

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
        await endBackend(observer, worker)
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
      await endBackend(observer, worker)
    },
    close: () => worker.close(),
  }
}
