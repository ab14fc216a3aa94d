import { defineCheck, type Finding } from '../check.ts'

interface Facts {
  /** Milliseconds there and back, the middle of a few. */
  readonly roundTrip: number
  readonly staging: boolean
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
  read: async ({ target, staging }) => {
    const times: number[] = []
    for (let sample = 0; sample < samples; sample++) {
      const start = performance.now()
      await target.query('select pg_catalog.clock_timestamp()')
      times.push(performance.now() - start)
    }
    const middle = times.toSorted((a, b) => a - b)[Math.floor(samples / 2)] ?? 0
    return { roundTrip: middle, staging: staging !== null }
  },
  judge({ roundTrip, staging }, { target, stagingFailure }) {
    return [
      distance(roundTrip, `${target.host}:${target.port}`),
      ...stagingFinding(staging, stagingFailure),
    ]
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

function stagingFinding(isReached: boolean, failure: string | undefined): readonly Finding[] {
  const title = 'Staging reached'
  const expected = 'staging answers'
  if (isReached) return [{ outcome: 'passed', title, expected, actual: 'it answers' }]
  if (failure === undefined) return []
  return [
    {
      outcome: 'not-checked',
      title,
      expected,
      actual: 'it does not',
      reason: failure,
      fix: 'Check staging-url, and that the runner may reach that server.',
    },
  ]
}
