import { ask } from '../../checks/preflight/data/ask.ts'
import type { PrecheckWords } from '../../plan/prechecks/types.ts'
import { keysOfIndex, uniqueCheck } from '../../plan/prechecks/unique.ts'
import { counted, grouped, listed } from '../../report/words.ts'
import type { IndexDefinition, QualifiedName } from '../../sql/types.ts'
import { Cancelled, type Run } from '../run.ts'
import { whileCancellable } from '../stop/cancelling.ts'

const shownKeys = 5

/** The table of a big unique build is big: naming its duplicates is a help, and not worth a long scan. */
const patienceMs = 10_000

/**
 * Which keys occur more than once where a unique index could not be built: up to five with their rows, and how many there are in all. Null where
 * that can't be asked, is not answered in ten seconds, or is not true any more.
 */
export async function duplicateKeys(
  run: Run,
  index: IndexDefinition,
  table: QualifiedName & { readonly schema: string },
): Promise<string | null> {
  const derived = uniqueCheck(keysOfIndex(index), {
    ...table,
    kind: 'r',
    reachesOthers: false,
    rowSecurity: false,
    valid: true,
    key: [],
    columns: [],
    constraints: [],
  })
  if (!('ask' in derived)) return null
  const { settings, surroundings, connections } = run
  try {
    const answer = await whileCancellable(run, () =>
      ask(connections.worker, derived.ask, surroundings, {
        budgetMs: patienceMs,
        lockTimeoutMs: settings.lockTimeout,
        role: settings.role ?? null,
        examples: shownKeys,
      }),
    )
    if ('failed' in answer || answer.counted === 0) return null
    return duplicatesText(derived, answer.counted, answer.examples)
  } catch (error) {
    if (error instanceof Cancelled) return null
    throw error
  }
}

/**
 * 'duplicates in "Item" (name): 7 values that occur more than once: (a) in 3 rows, …': each example is the key's values, then the number of its rows.
 */
export function duplicatesText(
  { title, counted: [one, many] }: Pick<PrecheckWords, 'title' | 'counted'>,
  found: number,
  examples: readonly (readonly (string | null)[])[],
): string {
  const keys = examples.map((example) => {
    const values = example.slice(0, -1).map((value) => value ?? 'NULL')
    return `(${values.join(', ')}) in ${grouped(Number(example.at(-1)))} rows`
  })
  const more = found > examples.length ? [`${grouped(found - examples.length)} more`] : []
  return `${title}: ${counted(found, one, many)}: ${listed([...keys, ...more])}`
}
