import type { DataSessions } from '../checks/check.ts'
import type { OpenRun } from '../deploy/open.ts'
import { Cancelled } from '../deploy/run.ts'
import { applicationName } from '../postgres/application-name.ts'
import { cancelBackend } from '../postgres/observer.ts'
import { connect, pinnedTo } from '../postgres/session.ts'
import type { Session } from '../postgres/types.ts'
import type { CommandContext } from './context.ts'
import { needDatabase } from './need-database.ts'

/**
 * Sessions for the data prechecks: on the target, pinned to the server that the run is on, or on preflight.replica-url. Never the run's own: a question
 * that is slow or killed must not be able to hurt keeper and observer.
 */
export function dataSessions(
  context: CommandContext,
  { observer, runId }: Pick<OpenRun, 'observer' | 'runId'>,
): DataSessions {
  const { cancellation, gates, replica } = context
  const { 'data-budget': budget } = gates.preflight
  let left = budget
  let asking: Session | null = null
  return {
    onReplica: replica !== null,
    async open() {
      const target = replica ?? pinnedTo(observer, needDatabase(context))
      asking = await connect(target, {
        name: 'data',
        applicationName: applicationName(runId, 'data'),
      })
      return asking
    },
    async timed(act) {
      const { onRequest } = cancellation
      const started = performance.now()
      stopIfAsked(cancellation)
      cancellation.onRequest = () => {
        // On a replica the pid is another server's: its question ends with the budget.
        if (asking === null || replica !== null) return
        cancellation.sent = cancelBackend(observer, asking.pid).catch(() => undefined)
      }
      try {
        return await act(left)
      } finally {
        left -= performance.now() - started
        cancellation.onRequest = onRequest
        stopIfAsked(cancellation)
      }
    },
  }
}

/** The answer of a question that was cancelled is none. */
function stopIfAsked({ requested }: CommandContext['cancellation']): void {
  if (requested) throw new Cancelled()
}
