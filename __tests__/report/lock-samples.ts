import type { BlockedReport, BlockerReport, LocksReport } from '../../src/report/types.ts'
import { at, migration, report, step } from './samples.ts'

const file = 'migrations/20250115120000_add_a.sql'

export function blocker(more: Partial<BlockerReport> = {}): BlockerReport {
  return {
    pid: 4711,
    application: 'nightly-dump',
    user: 'backup',
    client: '10.0.0.7',
    state: 'idle in transaction',
    transactionAgeMs: 725_000,
    queryStartedAt: '2025-01-15T11:47:58.113Z',
    query: 'COPY public."Recipe" (id, name) TO stdout;',
    version: '20250115120000',
    step: 1,
    where: at(file, 3),
    waitedMs: 5_900,
    ...more,
  }
}

export function blocked(more: Partial<BlockedReport> = {}): BlockedReport {
  return {
    application: 'recipe-api',
    user: 'app',
    query: 'SELECT id, name FROM "Recipe" WHERE "companyId" = $1 ORDER BY name LIMIT 20',
    version: '20250115120000',
    step: 1,
    where: at(file, 3),
    behind: 'queued',
    sessions: 14,
    longestMs: 1_930,
    ...more,
  }
}

const reportWith = (locks: Partial<LocksReport>) =>
  report({
    migrations: [
      migration('20250115120000', 'add_a', {
        steps: [step(1, 'transaction: 2 statements', { where: at(file, 3), waitedMs: 5_900 })],
      }),
    ],
    locks: { blockers: [], blocked: [], looks: 31, everyMs: 250, ...locks },
  })

/** A dump in the way, the application behind us, a prepared transaction, and an ETL job that was ended. */
export const lockWaits = reportWith({
  blockers: [
    blocker(),
    blocker({
      pid: 0,
      application: '',
      client: '',
      state: 'prepared transaction',
      query: 'order-1729',
      waitedMs: 610,
    }),
    blocker({ pid: 4802, application: 'etl-nightly', action: 'terminated', waitedMs: 240 }),
  ],
  blocked: [
    blocked(),
    blocked({ behind: 'held', sessions: 1, longestMs: 310, application: '', query: 'UPDATE\n x' }),
  ],
})

/** A deployment in which nobody waited. */
export const nobodyWaited = reportWith({})

/** All statements were quick. */
export const notLookedAt = reportWith({ looks: 0 })

/** The observer's connection was gone for a while, and its role sees little. */
export const halfBlind = reportWith({
  reason:
    'Nobody looked for 3.2s in all: the connection was closed. What other sessions do was not visible: `GRANT pg_read_all_stats TO deployer`.',
  blockers: [blocker({ state: '', query: '', client: '', transactionAgeMs: null })],
})

/** More than any page shows. */
export const crowd = reportWith({
  blocked: Array.from({ length: 500 }, (_, n) =>
    blocked({ query: `SELECT ${n}, ${'x'.repeat(180)} | \`b\``, longestMs: 500 - n }),
  ),
})

export const lockSamples = { lockWaits, nobodyWaited, notLookedAt, halfBlind, crowd }
