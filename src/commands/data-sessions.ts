import type { DataSessions } from '../checks/check.ts'
import type { OpenRun } from '../deploy/connections/open.ts'
import { placeKey } from '../deploy/run.ts'
import { stopIfAsked } from '../deploy/stop/cancellation.ts'
import {
  type Cancellable,
  Canceller,
  cancelAnew,
  type SendCancel,
} from '../deploy/stop/cancelling.ts'
import { applicationName } from '../postgres/application-name.ts'
import { connect, pinnedTo } from '../postgres/session.ts'
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
  let cancel: SendCancel = async () => {}
  return {
    onReplica: replica !== null,
    async open() {
      const target = replica ?? pinnedTo(observer, needDatabase(context))
      const options = { name: 'data', applicationName: applicationName(runId, 'data') } as const
      const session = await connect(target, options)
      // A pid means something to one server only, and the observer may be on another.
      const reach = () => connect(pinnedTo(session, target), options)
      cancel = (isWanted) => cancelAnew([session], reach, isWanted)
      return session
    },
    took(where, ms) {
      const place = placeKey(where)
      precheckMs.set(place, (precheckMs.get(place) ?? 0) + ms)
    },
    async timed(act) {
      stopIfAsked(cancellation)
      const started = performance.now()
      const asking: Cancellable = { now: true }
      const canceller = new Canceller(asking, (isWanted) => cancel(isWanted))
      const forget = cancellation.onRequest(() => canceller.cancel())
      try {
        return await act(left)
      } finally {
        left -= performance.now() - started
        asking.now = false
        forget()
        await asking.sent
        // The answer of a question that was cancelled is none.
        stopIfAsked(cancellation)
      }
    },
  }
}
