import { afterAll, expect, test } from '@jest/globals'
import type { Report } from '../../src/report/types.ts'
import { type TestDatabase, withDatabase } from '../support/database.ts'
import { runAction } from '../support/program.ts'
import { workspaceOf } from '../support/workspace.ts'
import { startLoad } from './load.ts'
import { dumpFor, dumpMs } from './load-dump.ts'
import { type Figures, figuresOf, figuresText } from './load-figures.ts'
import { hasPsql, psqlFiles } from './load-psql.ts'
import { sampleEveryMs, startSampler } from './load-sampler.ts'
import { shopIsChanged, shopMigrations, shopScripts, shopTables } from './load-shop.ts'

const sessions = 9
const lockTimeoutMs = 2_000
const blockTimeoutMs = 5_000
const files = (scripts: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(scripts).map(([name, text]) => [`migrations/${name}.sql`, text]),
  )

interface Measured<Result> {
  readonly result: Result
  readonly figures: Figures
  readonly durationMs: number
}

/** Deploys on a fresh shop while its application works, and a dump holds ACCESS SHARE on `orders` for 20 s in the middle. */
async function underLoad<Result>(
  database: TestDatabase,
  application: string,
  deploy: () => Promise<Result>,
): Promise<Measured<Result>> {
  await database.query(shopTables)
  await database.query('vacuum analyze orders, items')
  const sampler = await startSampler(database, application)
  const load = await startLoad(database, sessions)
  const dump = dumpFor(database, application)
  const started = Date.now()
  const result = await deploy()
  const durationMs = Date.now() - started
  await dump
  const samples = await sampler.stop()
  return { result, figures: figuresOf(await load.stop(), samples), durationMs }
}

const told: string[] = []
afterAll(() => {
  process.stdout.write(`${told.join('\n')}\n`)
})

test('under load, with a dump in the way for 20 s: no query waits behind our waiting statement longer than lock-timeout, nor behind a lock that we hold longer than block-timeout, and none fails [trap: queue-behind-dump]', async () => {
  const workspace = workspaceOf(files(shopMigrations))
  await withDatabase({}, async (database) => {
    const { result, figures, durationMs } = await underLoad(database, 'pg-airlock %', () =>
      runAction(
        {
          'database-url': database.url,
          'lock-timeout': `${lockTimeoutMs}ms`,
          'block-timeout': `${blockTimeoutMs}ms`,
          'retry-timeout': '2min',
        },
        { cwd: workspace.folder },
      ),
    )
    told.push(
      `under load (${sessions} sessions) pg-airlock: ${figuresText(figures, durationMs, { queued: 'lock-timeout 2 s', held: 'block-timeout 5 s' })}`,
    )
    const { report } = result
    expect({ outcome: report.outcome, error: report.error }).toEqual({
      outcome: 'deployed',
      error: null,
    })
    expect(await database.query(shopIsChanged)).toEqual([
      { foreignKey: true, index: true, notNull: true, notes: true },
    ])
    expect(figures.failures).toEqual([])
    const tolerance = toleranceMs(figures)
    expect(figures.longestMs.queued).toBeLessThanOrEqual(lockTimeoutMs + tolerance)
    expect(figures.longestMs.held).toBeLessThanOrEqual(blockTimeoutMs + tolerance)
    // Not for want of anything to wait for.
    expect(durationMs).toBeGreaterThan(dumpMs)
    expect(figures.longestMs.queued).toBeGreaterThan(lockTimeoutMs / 2)
    agrees(report, figures, tolerance)
  }).finally(workspace.dispose)
}, 75_000)

/**
 * The server's timer ends the wait to the millisecond; the rest is the time until both processes get a core, until the cancelled transaction
 * has given back its locks, and until the sampler looks again. A machine shows what it needs for that in queries that wait for no lock.
 */
const toleranceMs = ({ ordinaryMs }: Figures) => 100 + sampleEveryMs + Math.min(ordinaryMs, 400)

/** What the run says of itself against what was measured from outside. It looks now and then: a wait may have been longer by one look. */
function agrees({ locks }: Report, { longestMs }: Figures, tolerance: number): void {
  if (locks === null) throw new Error('the report says nothing of locks')
  expect(locks.blockers).toContainEqual(
    expect.objectContaining({ application: 'nightly-dump', version: '4' }),
  )
  const shop = locks.blocked.filter(({ application }) => application.startsWith('bakery-web'))
  for (const behind of ['queued', 'held'] as const) {
    const longest = Math.max(
      0,
      ...shop.filter((one) => one.behind === behind).map((one) => one.longestMs),
    )
    expect({ behind, longest, measured: longestMs[behind] }).toEqual({
      behind,
      longest: longest <= longestMs[behind] + tolerance ? longest : 'longer than measured',
      measured:
        longestMs[behind] <= longest + locks.everyMs + tolerance
          ? longestMs[behind]
          : 'longer than said',
    })
  }
}

if (!hasPsql) {
  told.push('plain psql was not measured: it is not installed (apt-get install postgresql-client)')
}

;(hasPsql ? test : test.skip)(
  'the same scripts by plain psql, beside it: the application stands still for as long as the dump runs',
  async () => {
    const workspace = workspaceOf(files(shopScripts))
    await withDatabase({}, async (database) => {
      const { result, figures, durationMs } = await underLoad(database, 'psql', () =>
        psqlFiles(database, workspace.folder, dumpMs + 20_000),
      )
      told.push(`plain psql, the same load: ${figuresText(figures, durationMs)}`)
      expect(result).toBe('done')
      expect(await database.query(shopIsChanged)).toEqual([
        { foreignKey: true, index: true, notNull: true, notes: true },
      ])
      // The measurement sees what it is there for.
      expect(figures.longestMs.held).toBeGreaterThan(dumpMs / 2)
    }).finally(workspace.dispose)
  },
  75_000,
)
