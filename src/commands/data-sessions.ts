import type { DataSessions } from '../checks/check.ts'
import type { OpenRun } from '../deploy/open.ts'
import { Cancelled, placeKey } from '../deploy/run.ts'
import { applicationName } from '../postgres/application-name.ts'
import { cancelBackend } from '../postgres/observer.ts'
import { type ConnectOptions, connect, pinnedTo } from '../postgres/session.ts'
import type { ConnectionConfig, Session } from '../postgres/types.ts'
import type { CommandContext } from './context.ts'
import { needDatabase } from './need-database.ts'

/**
 * Sessions for the data prechecks: on the target, pinned to the server that the run is on, or on preflight.replica-url. Never the run's own: a question
 * that is slow or killed must not be able to hurt keeper and observer.
 */
export function dataSessions(
  context: CommandContext,
  { observer, runId, precheckMs }: Pick<OpenRun, 'observer' | 'runId' | 'precheckMs'>,
): DataSessions {
  const { cancellation, gates, replica } = context
  const { 'data-budget': budget } = gates.preflight
  let left = budget
  let cancel: () => Promise<unknown> = async () => {}
  return {
    onReplica: replica !== null,
    async open() {
      const target = replica ?? pinnedTo(observer, needDatabase(context))
      const options = { name: 'data', applicationName: applicationName(runId, 'data') } as const
      const session = await connect(target, options)
      cancel = () =>
        replica === null
          ? cancelBackend(observer, session.pid)
          : cancelThere(session, target, options)
      return session
    },
    took(where, ms) {
      const place = placeKey(where)
      precheckMs.set(place, (precheckMs.get(place) ?? 0) + ms)
    },
    async timed(act) {
      const { onRequest } = cancellation
      const started = performance.now()
      stopIfAsked(cancellation)
      cancellation.onRequest = () => {
        cancellation.sent = cancel().catch(() => undefined)
      }
      try {
        return await act(left)
      } finally {
        left -= performance.now() - started
        cancellation.onRequest = onRequest
        await cancellation.sent
        stopIfAsked(cancellation)
      }
    },
  }
}

/** The pid of a session on a replica means something to that server only: a second connection to it, under the same role, cancels. */
async function cancelThere(
  asking: Session,
  replica: ConnectionConfig,
  options: ConnectOptions,
): Promise<void> {
  const session = await connect(pinnedTo(asking, replica), options)
  try {
    await cancelBackend(session, asking.backendPid)
  } finally {
    await session.close()
  }
}

/** The answer of a question that was cancelled is none. */
function stopIfAsked({ requested }: CommandContext['cancellation']): void {
  if (requested) throw new Cancelled()
}
