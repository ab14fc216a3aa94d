import type { DataSessions } from '../checks/check.ts'
import type { OpenRun } from '../deploy/open.ts'
import { applicationName } from '../postgres/application-name.ts'
import { resolveConnection } from '../postgres/connection.ts'
import { connect, pinnedTo } from '../postgres/session.ts'
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
  const { 'replica-url': replica, 'data-budget': budget } = context.gates.preflight
  let left = budget
  return {
    onReplica: replica !== undefined,
    open: async () => {
      const target =
        replica === undefined
          ? pinnedTo(observer, needDatabase(context))
          : resolveConnection({ url: replica, env: {} })
      return connect(target, {
        name: 'data',
        applicationName: applicationName(runId, 'data'),
      })
    },
    async timed(act) {
      const started = performance.now()
      try {
        return await act(left)
      } finally {
        left -= performance.now() - started
      }
    },
  }
}
