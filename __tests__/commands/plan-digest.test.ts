import { describe, expect, test } from '@jest/globals'
import { withDatabase } from '../support/database.ts'
import { type Files, runEngine } from '../support/engine.ts'

const files: Files = {
  '1_first': 'create table first (id int primary key)',
  '2_second': 'create index concurrently by_id on first (id)',
}

describe('plan-digest', () => {
  test('deploy reports the digest that plan printed for it, and carries that plan out', async () => {
    await withDatabase({}, async (database) => {
      const plan = await runEngine(database, 'plan', { files })
      const digest = plan.report.planDigest
      const { report } = await runEngine(database, 'deploy', {
        files,
        settings: { 'plan-digest': digest },
      })
      expect([report.outcome, report.planDigest]).toEqual(['deployed', digest])
    })
  })

  test('what was approved for another database is refused, and nothing is changed', async () => {
    await withDatabase({}, (staging) =>
      withDatabase({}, async (production) => {
        const plan = await runEngine(staging, 'plan', { files })
        const { report } = await runEngine(production, 'deploy', {
          files,
          settings: { 'plan-digest': plan.report.planDigest },
        })
        expect([report.outcome, report.exitCode]).toEqual(['refused', 1])
        expect(report.error?.why).toContain('Approved was another database.')
        expect(report.error?.fix).toContain('Run plan again')
        const left = await production.query(
          `select to_regclass('first') as first, to_regnamespace('airlock') as journal`,
        )
        expect(left).toEqual([{ first: null, journal: null }])
      }),
    )
  })

  test('started a second time, an approved deployment has nothing to do, and says that it was expected to', async () => {
    await withDatabase({}, async (database) => {
      const plan = await runEngine(database, 'plan', { files })
      const settings = { 'plan-digest': plan.report.planDigest }
      await runEngine(database, 'deploy', { files, settings })
      const { report } = await runEngine(database, 'deploy', { files, settings })
      expect([report.outcome, report.exitCode]).toEqual(['nothing-to-do', 0])
      expect(report.warnings).toEqual([
        'The approved plan holds 2 migrations, but nothing is pending: nothing was run. 1 was approved and is no longer pending. 2 was approved and is no longer pending.',
      ])
    })
  })

  test('an approved plan of nothing, and nothing to do, is as expected', async () => {
    await withDatabase({}, async (database) => {
      await runEngine(database, 'deploy', { files })
      const plan = await runEngine(database, 'plan', { files })
      expect(plan.report.planDigest).toMatch(/\.none$/)
      const { report } = await runEngine(database, 'deploy', {
        files,
        settings: { 'plan-digest': plan.report.planDigest },
      })
      expect([report.outcome, report.warnings]).toEqual(['nothing-to-do', []])
    })
  })

  test('plan itself is not asked for an approval', async () => {
    await withDatabase({}, async (database) => {
      const { report } = await runEngine(database, 'plan', { files })
      expect(report.checks.map(({ id }) => id)).not.toContain('approval.plan-digest')
    })
  })
})
