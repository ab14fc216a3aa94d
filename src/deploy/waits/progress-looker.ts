import { readProgress, readTableBytes } from '../../observe/progress.ts'
import { type Followed, follow, notStarted } from '../../observe/progress-words.ts'
import { sizeText } from '../../report/size-text.ts'
import type { StepReport } from '../../report/types.ts'
import { formatDuration } from '../../runbook/duration.ts'
import type { Statement } from '../../sql/types.ts'
import { placeKey, type Run } from '../run.ts'
import type { Looker } from './watch.ts'

/** Most statements end sooner, and cost no look. */
const firstAfterMs = 3_000
const everyMs = 2_000

export interface ProgressLooker extends Looker {
  /** What was running has failed: how far it had come goes into the step's report, where it is what was looked at. Null: a query of ours. */
  failed(statement: Statement | null): void
}

/**
 * How far a long statement is, as far as the server shows it. Begins when it has run for three seconds. `statements` are those that were
 * sent together: which one runs the server knows, since its answers to those before may still lie in its buffer.
 */
export function progressLooker(
  run: Run,
  step: StepReport,
  statements: () => readonly Statement[],
): ProgressLooker {
  const pid = run.connections.worker.backendPid
  const began = Date.now()
  let statement: Statement | null = null
  let followed: Followed = notStarted
  let blind: string | null = null
  delete step.progress
  return {
    nextMs: () => Math.max(began + firstAfterMs - Date.now(), everyMs),
    async look(observer) {
      const seen = await readProgress(observer, pid)
      const runs =
        seen.runsForMs < everyMs
          ? null
          : (statements().find(({ text }) => seen.query !== '' && text.startsWith(seen.query)) ??
            null)
      if (runs !== statement || seen.runsForMs < followed.elapsedMs) {
        statement = runs
        followed = notStarted
        blind = null
      }
      if (statement === null) return null
      blind = seen.row !== null || seen.waits ? null : (blind ?? (await blindText(run, statement)))
      followed = follow(followed, seen, expectedOf(statement))
      return null
    },
    detail() {
      const { text, left } = followed
      if (text === null) return blind
      return left === null ? text : `${text} (${left})`
    },
    failed(culprit) {
      if (culprit === null || culprit !== statement || followed.text === null) return
      step.progress = followed.text
    },
  }
}

function expectedOf({ effects, kind, copyData }: Statement) {
  const one = effects.length === 1 && effects[0]?.object.kind === 'index'
  return {
    severalIndexes: kind.startsWith('REINDEX') && !one,
    copyBytes: copyData === null ? 0 : Buffer.byteLength(copyData),
  }
}

/** What can be said of a statement that no progress view shows: that, how long its precheck took, and how large its table is. */
async function blindText(run: Run, { effects, where }: Statement): Promise<string> {
  const precheckMs = run.precheckMs.get(placeKey(where))
  const unseen =
    precheckMs === undefined
      ? 'the server shows no progress of this statement'
      : `the server shows no progress of this statement; its data precheck read the same rows in ${formatDuration(precheckMs)}`
  const table = effects
    .map(({ object }) => object.table ?? (object.kind === 'table' ? object : undefined))
    .find((found) => found?.name != null)
  if (table?.name == null) return unseen
  const { name, schema } = table
  const bytes = await readTableBytes(run.observer, { schema, name }, run.surroundings.searchPath)
  return bytes === null ? unseen : `${unseen}; ${name} has about ${sizeText(bytes)}`
}
