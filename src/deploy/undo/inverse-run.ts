import type { StoredInverse, UndoProgress } from '../../journal/state.ts'
import { undoProgress } from '../../journal/undo.ts'
import { inTransaction, journalPrologue } from '../../journal/write.ts'
import type { MigrationReport, StepReport } from '../../report/types.ts'
import { parseScript } from '../../sql/script.ts'
import type { Statement } from '../../sql/types.ts'
import { isDoneAlready } from '../concurrent/index-done.ts'
import { describeFailure, StepFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import { executeStatement, executeTogether, ours } from '../steps/execute.ts'
import type { RetryBudget } from '../steps/retry-budget.ts'
import { setTimeouts, type Timeouts, timeoutStatements } from '../steps/timeouts.ts'
import type { WaitLimits } from '../waits/wait-tally.ts'
import { attemptUndo } from './undo-attempts.ts'

/** What the inverses belong to, and how long they may be tried. */
export interface Undoing {
  readonly report: MigrationReport
  readonly budget: RetryBudget
}

/**
 * Runs the inverses of a migration from where `progress` stands. What allows a transaction runs in one, as long as it lasts (half an undo helps nobody),
 * and the journal's progress commits with it. What does not, runs by itself. Both are watched as a migration's statements are, and tried again when
 * a lock is not to be had. `ran` collects the SQL as it is sent.
 * Errors: StepFailure, ServerError; the journal then tells how far it came, or that nothing was done.
 */
export async function runInverses(
  run: Run,
  undoing: Undoing,
  progress: UndoProgress,
  ran: string[],
): Promise<void> {
  const { statements } = progress
  const { version } = undoing.report
  let { done } = progress
  const first = statements[done]
  if (first === undefined) return
  if (first.concurrently) await record(run, version, progress)
  while (done < statements.length) {
    const group = groupAt(statements, done)
    const [head] = group
    const next = { ...progress, done: done + group.length }
    ran.push(...group.map(({ sql }) => sql))
    const step = stepOf(undoing.report, group, done)
    const alone = head?.concurrently === true
    await attemptUndo(run, undoing.budget, step, version, async () => {
      if (alone) await runAlone(run, undoing, step, head)
      else await runTogether(run, undoing, step, group, next)
    })
    if (alone) await record(run, version, next)
    done = next.done
  }
}

/** The statements from `start` that run in one transaction, or the one that allows none. */
function groupAt(statements: readonly StoredInverse[], start: number): readonly StoredInverse[] {
  const rest = statements.slice(start)
  const end = rest.findIndex(({ concurrently }) => concurrently)
  return end === -1 ? rest : rest.slice(0, Math.max(1, end))
}

/** What is told of while it runs; an undo has no steps in the report. */
function stepOf(
  { file }: MigrationReport,
  group: readonly StoredInverse[],
  done: number,
): StepReport {
  return {
    ordinal: done + 1,
    kind: group[0]?.concurrently === true ? 'statement' : 'transaction',
    title: `undo: ${group.map(({ sql }) => sql).join('; ')}`,
    outcome: 'not-run',
    durationMs: 0,
    statements: group.length,
    where: { file, line: 1, column: 1 },
  }
}

/**
 * In one message, but for its COMMIT: a cancel that meets a COMMIT which waits for a standby would leave it done here and nowhere else. Its timeouts are set
 * with it, since an attempt that is rolled back takes them along.
 */
async function runTogether(
  run: Run,
  { report }: Undoing,
  step: StepReport,
  group: readonly StoredInverse[],
  next: UndoProgress,
): Promise<void> {
  const { worker } = run.connections
  const { lockTimeout } = run.settings
  const parts = [
    ...timeoutStatements(shortOf(run), null, new Set()).map(ours),
    ours('begin'),
    ...group.map((inverse) => ({ text: inverse.sql, statement: statementOf(inverse) })),
    ours('set constraints all immediate'),
  ]
  await placeless(group[0], (told) =>
    executeTogether(run, report, step, parts, limitsOf(run, lockTimeout), told),
  )
  await worker.simple(`${journalPrologue(run.key)} ${undoProgress(report.version, next)}; commit`)
}

async function runAlone(
  run: Run,
  { report }: Undoing,
  step: StepReport,
  inverse: StoredInverse,
): Promise<void> {
  const { worker } = run.connections
  const { concurrentTimeout } = run.settings
  const long = { lock_timeout: concurrentTimeout, statement_timeout: concurrentTimeout }
  await worker.simple(setTimeouts(long, null, new Set()))
  if (!(await isDoneAlready(run, inverse.sql))) {
    const limits = limitsOf(run, concurrentTimeout)
    await placeless(inverse, () =>
      executeStatement(run, report, step, statementOf(inverse), limits),
    )
  }
  await worker.simple(setTimeouts(shortOf(run), null, new Set()))
}

function shortOf({ settings }: Run): Timeouts {
  return { lock_timeout: settings.lockTimeout, statement_timeout: settings.statementTimeout }
}

function limitsOf({ settings }: Run, totalMs: number): WaitLimits {
  return { totalMs, queuedMs: settings.lockTimeout, heldMs: settings.blockTimeout }
}

function statementOf(inverse: StoredInverse): Statement {
  const [statement] = parseScript('undo', inverse.sql).statements
  if (statement === undefined) throw new Error(`no statement in the inverse: ${inverse.sql}`)
  return statement
}

/** An inverse stands in no file, so its failure has no place there: it is named by its text. */
async function placeless(
  first: StoredInverse | undefined,
  act: (told: (statement: Statement | null) => void) => Promise<unknown>,
): Promise<void> {
  let running = first?.sql
  try {
    await act((statement) => {
      running = statement?.text ?? running
    })
  } catch (error) {
    const { where: _, ...report } = describeFailure(error, {})
    const context = [report.context, `undo: ${running}`].filter((text) => text !== undefined)
    throw new StepFailure({ ...report, context: context.join('\n') })
  }
}

async function record(run: Run, version: string, progress: UndoProgress): Promise<void> {
  await run.connections.worker.simple(inTransaction(run.key, undoProgress(version, progress)))
}
