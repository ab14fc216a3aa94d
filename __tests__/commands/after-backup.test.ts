import { expect, test } from '@jest/globals'
import { withDatabase } from '../support/database.ts'
import { deployFiles, endingOf } from '../support/engine.ts'

test('what came in the way while the backup was made refuses the deployment, after the checks had passed', async () => {
  await withDatabase({}, async (database) => {
    await database.query('create table item (id integer)')
    const other = await database.connect('late report')
    let came: Promise<unknown> = Promise.resolve()
    const result = await deployFiles(database, {
      files: { '1_price': 'alter table item add column price integer;' },
      gates: {
        preflight: { 'long-transactions': '300ms' },
        backup: { command: { run: 'sleep 1.5' } },
      },
      on: (event) => {
        if (event.type !== 'phase' || event.title !== 'Backup') return
        came = other.query('begin; select count(*) from item')
      },
    })
    await came
    const titles = result.events.flatMap((event) =>
      event.type === 'phase-finished' ? [event.title] : [],
    )
    const [first, ...later] = result.events.flatMap((event) =>
      event.type === 'checked' && event.check.id === 'risk.long-transactions'
        ? [event.check.outcome]
        : [],
    )
    expect({ first, later }).toEqual({ first: 'passed', later: ['failed'] })
    expect(titles).toContain('Backup')
    expect(endingOf(result)).toMatch(/^refused 1/)
    const left = await database.query(
      `select to_regnamespace('airlock') is null as unjournaled,
         (select count(*)::int from pg_attribute where attrelid = 'item'::regclass and attname = 'price') as added`,
    )
    expect(left).toEqual([{ unjournaled: true, added: 0 }])
    const checks = result.report.checks.filter(({ id }) => id === 'risk.long-transactions')
    expect(checks.map(({ outcome, details }) => [outcome, details?.join()])).toEqual([
      ['failed', expect.stringContaining('late report')],
    ])
  })
})
