import type { StoredInverse, UndoProgress } from '../journal/state.ts'
import { undoProgress } from '../journal/undo.ts'
import { inTransaction, journalPrologue } from '../journal/write.ts'
import { readIndexes } from '../observe/oids.ts'
import { effectsOf } from '../sql/effects.ts'
import { quoteName } from '../sql/identifier.ts'
import { parseSql } from '../sql/parser.ts'
import { whileCancellable } from './cancelling.ts'
import type { Run } from './run.ts'
import { setTimeouts } from './timeouts.ts'

/**
 * Runs the inverses of a migration from where `progress` stands. What allows a transaction runs in one, as long as it lasts (half an undo helps nobody),
 * and the journal's progress commits with it. What does not, runs by itself. `ran` collects the SQL as it is sent.
 * Errors: ServerError; the journal then tells how far it came, or that nothing was done.
 */
export async function runInverses(
  run: Run,
  version: string,
  progress: UndoProgress,
  ran: string[],
): Promise<void> {
  const { statements } = progress
  let { done } = progress
  const first = statements[done]
  if (first === undefined) return
  if (first.concurrently) await record(run, version, progress)
  while (done < statements.length) {
    const group = groupAt(statements, done)
    const [head] = group
    const next = { ...progress, done: done + group.length }
    ran.push(...group.map(({ sql }) => sql))
    if (head?.concurrently) {
      await runAlone(run, head)
      await record(run, version, next)
    } else {
      await runTogether(run, version, group, next)
    }
    done = next.done
  }
}

/** The statements from `start` that run in one transaction, or the one that allows none. */
function groupAt(statements: readonly StoredInverse[], start: number): readonly StoredInverse[] {
  const rest = statements.slice(start)
  const end = rest.findIndex(({ concurrently }) => concurrently)
  return end === -1 ? rest : rest.slice(0, Math.max(1, end))
}

async function runTogether(
  run: Run,
  version: string,
  group: readonly StoredInverse[],
  next: UndoProgress,
): Promise<void> {
  const all = group.map(({ sql }) => sql).join('; ')
  const text = `begin; ${all}; ${journalPrologue(run.key)} ${undoProgress(version, next)}; commit`
  await whileCancellable(run, () => run.connections.worker.simple(text))
}

async function runAlone(run: Run, { sql }: StoredInverse): Promise<void> {
  const { worker } = run.connections
  const { concurrentTimeout, lockTimeout, statementTimeout } = run.settings
  const long = { lock_timeout: concurrentTimeout, statement_timeout: concurrentTimeout }
  const short = { lock_timeout: lockTimeout, statement_timeout: statementTimeout }
  await worker.simple(setTimeouts(long, null, new Set()))
  await whileCancellable(run, async () => {
    if (!(await isDoneAlready(run, sql))) await worker.simple(sql)
  })
  await worker.simple(setTimeouts(short, null, new Set()))
}

/** A killed undo may have dropped the index already, or made it, or left it INVALID: then it is dropped, and made again. */
async function isDoneAlready(run: Run, sql: string): Promise<boolean> {
  const { worker } = run.connections
  const node = parseSql(sql)[0]?.node
  const effects = node === undefined ? [] : effectsOf(node, { searchPath: null })
  const effect = effects.find(({ object }) => object.kind === 'index' && object.name !== null)
  if (effect === undefined) return false
  const { schema, table, name } = effect.object
  const index = quoteName({ schema: schema ?? table?.schema ?? null, name: name ?? '' })
  const [found] = await readIndexes(worker, [index])
  if (effect.op === 'drop') return found === undefined
  if (effect.op !== 'create' || found === undefined || found.valid) return found !== undefined
  await worker.simple(`drop index concurrently if exists ${index}`)
  return false
}

async function record(run: Run, version: string, progress: UndoProgress): Promise<void> {
  await run.connections.worker.simple(inTransaction(run.key, undoProgress(version, progress)))
}
