import type { SmokeResult } from '../../report/types.ts'
import type { SmokePlan } from './compile.ts'
import { type Known, type Moment, resultOf, skipped } from './results.ts'
import { type Askers, runTest } from './run-test.ts'
import type { Limits, SmokeTest } from './types.ts'

/** Who is told of what happens in a round. */
export interface Telling {
  result(result: SmokeResult): void
  waiting(test: SmokeTest, found: string, attempts: number, elapsedMs: number): void
}

/** Every smoke test, time and again: it remembers how each stood when it was last asked. */
export interface Rounds {
  /**
   * Asks each test in turn. The first that condemns the change ends the round, since every second counts then; it is returned. Null: none did,
   * or the round was stopped.
   */
  make(moment: Moment, signal: AbortSignal): Promise<SmokeResult | null>
}

export function roundsOf({ tests, limits }: SmokePlan, askers: Askers, tell: Telling): Rounds {
  const known = new Map<string, Known>()
  return {
    async make(moment, signal) {
      const changedAt = Date.now()
      let condemned: SmokeResult | null = null
      for (const test of tests) {
        if (condemned !== null) {
          tell.result(skipped(test, moment, `smoke test ${condemned.name} failed before it`))
          continue
        }
        if (signal.aborted) return null
        const before = known.get(test.name) ?? 'unknown'
        const series = await runTest(test, askers, {
          limits: limitsFor(moment, before, limits),
          changedAt,
          signal,
          waiting: ({ actual }, attempts) =>
            tell.waiting(test, actual, attempts, Date.now() - changedAt),
        })
        if (series.standing === 'passed') known.set(test.name, 'passed')
        if (series.standing === 'failed' && moment.when === 'before') known.set(test.name, 'failed')
        const result = resultOf(test, series, moment, before)
        tell.result(result)
        if (result.outcome === 'failed') condemned = result
      }
      return condemned
    },
  }
}

/** Nothing starts up before the deployment; and who did not answer then is not waited for afterwards. */
function limitsFor({ when }: Moment, known: Known, limits: Limits): Limits {
  return when === 'before' || known === 'failed' ? { ...limits, warmUpMs: 0 } : limits
}
