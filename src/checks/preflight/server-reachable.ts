import { defineCheck, type Finding } from '../check.ts'

interface Facts {
  /** Milliseconds there and back, the middle of a few. */
  readonly roundTrip: number
  readonly staging: 'reached' | 'not given' | { readonly failure: string }
}

const samples = 5
/** From here on the way there and back is what a transaction of many statements mostly holds its locks for. */
const slowMs = 100

/** That the target answers, how far away it is, and whether staging can be asked. Five round trips. */
export const serverReachable = defineCheck<Facts>({
  id: 'server.reachable',
  group: 'server',
  title: 'Server reached',
  severity: 'warn',
  needs: 'Every role may ask for the time.',
  read: async ({ target, staging, stagingFailure }) => {
    const times: number[] = []
    for (let sample = 0; sample < samples; sample++) {
      const start = performance.now()
      await target.query('select pg_catalog.clock_timestamp()')
      times.push(performance.now() - start)
    }
    const middle = times.toSorted((a, b) => a - b)[Math.floor(samples / 2)] ?? 0
    if (stagingFailure !== undefined) {
      return { roundTrip: middle, staging: { failure: stagingFailure } }
    }
    return { roundTrip: middle, staging: staging === null ? 'not given' : 'reached' }
  },
  judge({ roundTrip, staging }, { target }) {
    return [distance(roundTrip, `${target.host}:${target.port}`), ...stagingFinding(staging)]
  },
})

function distance(roundTrip: number, place: string): Finding {
  const expected = `an answer within ${slowMs} ms`
  const actual = `${place} answers in ${roundTrip.toFixed(1)} ms`
  if (roundTrip <= slowMs) return { outcome: 'passed', expected, actual }
  return {
    outcome: 'problem',
    expected,
    actual,
    reason: 'Each statement of a transaction holds its locks for one round trip longer.',
    fix: 'Run the deployment nearer to the database, in the same network or region.',
  }
}

function stagingFinding(staging: Facts['staging']): readonly Finding[] {
  if (staging === 'not given') return []
  const title = 'Staging reached'
  const expected = 'staging answers'
  if (staging === 'reached') return [{ outcome: 'passed', title, expected, actual: 'it answers' }]
  return [
    {
      outcome: 'not-checked',
      title,
      expected,
      actual: 'it does not',
      reason: `staging can't be reached, so that nothing is compared with it: ${staging.failure}`,
      fix: 'Check staging-url, and that the runner may reach that server.',
    },
  ]
}
