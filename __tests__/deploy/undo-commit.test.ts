import { expect, test } from '@jest/globals'
import { withDatabase } from '../support/database.ts'
import { deployFiles, runEngine, until } from '../support/engine.ts'

const asleep = `select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`
const columns = `select attname from pg_attribute where attrelid = 't'::regclass and attnum > 0 and not attisdropped`

test('an undo that is about to commit is not cancelled, however often it is asked to stop', async () => {
  await withDatabase({}, async (database) => {
    await database.query('create table t (id int)')
    const files = { '1_a': 'alter table t add column c int;' }
    await deployFiles(database, { files })
    await database.query(`create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(1.5); return null; end $$;
      create constraint trigger slow after update on airlock.migrations deferrable initially deferred for each row execute function slow()`)
    let stop = () => {}
    const running = runEngine(database, 'rollback', {
      files,
      on: (event, ask) => {
        if (event.type === 'undoing') stop = ask
      },
    })
    await until(() => database.query(asleep))
    stop()
    stop()
    await running
    expect(await database.query(columns)).toEqual([{ attname: 'id' }])
  })
})

test('an inverse that fails is named, beside those that it stood with', async () => {
  await withDatabase({}, async (database) => {
    await database.query('create table t (id int)')
    const files = { '1_a': 'alter table t add column c int;\ncreate table made (id int);' }
    await deployFiles(database, { files })
    await database.query('create view v as select c from t')
    const undone = await runEngine(database, 'rollback', { files })
    expect(undone.migration.rollback).toMatchObject({
      outcome: 'failed',
      error: { sqlstate: '2BP01', context: expect.stringMatching(/^undo: alter table t drop/i) },
    })
    expect(await database.query(`select to_regclass('made') is not null as there`)).toEqual([
      { there: true },
    ])
  })
})
