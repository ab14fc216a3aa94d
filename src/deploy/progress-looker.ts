import { readProgress, readTableBytes } from '../observe/progress.ts'
import { type Followed, follow, notStarted } from '../observe/progress-words.ts'
import { sizeText } from '../report/size-text.ts'
import type { StepReport } from '../report/types.ts'
import type { Statement } from '../sql/types.ts'
import type { Run } from './run.ts'
import type { Looker } from './watch.ts'

/** Most statements end sooner, and cost no look. */
const firstAfterMs = 3_000
const everyMs = 2_000

/** The statement that runs now; null: a query of ours. It changes as the statements of a step are sent together. */
export interface Running {
  readonly statement: Statement | null
  /** Milliseconds since the epoch. */
  readonly since: number
}

/**
 * How far a long statement is, as far as the server shows it. Begins when it has run for three seconds. What was seen last stays in the step's
 * report until the step has ended well.
 */
export function progressLooker(run: Run, step: StepReport, running: Running): Looker {
  const pid = run.connections.worker.backendPid
  let statement: Statement | null = null
  let followed: Followed = notStarted
  let blind: string | null = null
  const runsFor = () => Date.now() - running.since
  delete step.progress
  return {
    nextMs: () => Math.max(firstAfterMs - runsFor(), everyMs),
    async look(observer) {
      if (statement !== running.statement) {
        statement = running.statement
        followed = notStarted
        blind = null
        delete step.progress
      }
      if (statement === null || runsFor() < firstAfterMs) return null
      const asked = statement
      const seen = await readProgress(observer, pid)
      blind = seen.row !== null || seen.waits ? null : (blind ?? (await blindText(run, asked)))
      // Another began while the answer was on its way.
      if (running.statement !== asked) return null
      followed = follow(followed, seen, runsFor(), expectedOf(asked))
      if (followed.text !== null) step.progress = followed.text
      return null
    },
    detail() {
      if (statement === null || statement !== running.statement) return null
      const { text, left } = followed
      if (text === null) return blind
      return left === null ? text : `${text} (${left})`
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

/** What can be said of a statement that no progress view shows: that, and how large its table is. */
async function blindText(run: Run, { effects }: Statement): Promise<string> {
  const unseen = 'the server shows no progress of this statement'
  const table = effects
    .map(({ object }) => object.table ?? (object.kind === 'table' ? object : undefined))
    .find((found) => found?.name != null)
  if (table?.name == null) return unseen
  const { name, schema } = table
  const bytes = await readTableBytes(run.observer, { schema, name }, run.surroundings.searchPath)
  return bytes === null ? unseen : `${unseen}; ${name} has about ${sizeText(bytes)}`
}
