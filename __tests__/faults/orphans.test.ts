import type { ChildProcess } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import { oldestAndNewest, type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, type EngineResult, endingOf, runEngine, until } from '../support/engine.ts'
import { workspaceOf } from '../support/workspace.ts'
import { runDirectly } from './boundary.ts'

const minute = 60_000
const settings = { 'run-lock-timeout': '30s' }

/** Starts the built program and kills it (kill -9) as soon as its worker is seen where the condition says. */
async function killWhile(
  database: TestDatabase,
  files: Readonly<Record<string, string>>,
  condition: string,
): Promise<void> {
  const workspace = workspaceOf(
    Object.fromEntries(
      Object.entries(files).map(([name, text]) => [`migrations/${name}.sql`, text]),
    ),
  )
  try {
    let child: ChildProcess | undefined
    const running = runDirectly(
      { url: database.url, cwd: workspace.folder, args: ['deploy'] },
      (started) => {
        child = started
      },
    )
    await until(() =>
      database.query(
        `select from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock % worker%' and state = 'active' and ${condition}`,
      ),
    )
    child?.kill('SIGKILL')
    expect((await running).signal).toBe('SIGKILL')
  } finally {
    workspace.dispose()
  }
}

/** A session of the application in an open transaction that has touched this table, for the time of `act`. */
async function whileBusy<Result>(
  database: TestDatabase,
  sql: string,
  act: (end: () => Promise<unknown>) => Promise<Result>,
): Promise<Result> {
  const application = await database.connect('application')
  await application.query(`begin; ${sql}`)
  return act(() => application.query('commit'))
}

/**
 * Kills the program while its concurrent statement waits for a session that is busy with this, then acts. The statement isn't begun before those that were
 * there first have gone: a younger session is what keeps it waiting.
 */
async function whileBegun<Result>(
  database: TestDatabase,
  files: Readonly<Record<string, string>>,
  sql: string,
  act: (end: () => Promise<unknown>) => Promise<Result>,
): Promise<Result> {
  return whileBusy(database, sql, async (endOlder) => {
    const killed = killWhile(database, files, `wait_event_type = 'Lock'`)
    await until(() =>
      database.query(
        `select from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock % observer%' and query ~ 'virtualtransaction'`,
      ),
    )
    return whileBusy(database, sql, async (end) => {
      await endOlder()
      await killed
      return act(end)
    })
  })
}

const done = (result: EngineResult) => expect(endingOf(result)).toBe('deployed 0')

describe.each(oldestAndNewest().map(({ major }) => major))(
  'PostgreSQL %i: a killed run whose backend is still at work',
  (major) => {
    test(
      'a transaction is gone before the next run begins its own',
      async () => {
        await withDatabase({ major }, async (database) => {
          await database.query('create table counter (n integer); insert into counter values (0)')
          const files = { '1_count': 'update counter set n = n + 1; select pg_sleep(20);' }
          await killWhile(database, files, `query like '%pg_sleep%'`)
          const rerun = deployFiles(database, { files, settings })
          await until(() =>
            database.query(
              `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep' and application_name like 'pg-airlock % worker%'
                 and (select count(*) from airlock.runs where outcome = 'abandoned') = 1`,
            ),
          )
          await database.query(
            `select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
          )
          expect(endingOf(await rerun)).toMatch(/^failed 1/)
          expect(await database.query('select n from counter')).toEqual([{ n: 0 }])
        })
      },
      minute,
    )

    test(
      'CREATE INDEX CONCURRENTLY cut off while it waits leaves an INVALID index: it is dropped and built again',
      async () => {
        await withDatabase({ major }, async (database) => {
          await database.query('create table item (id integer); insert into item values (1)')
          const files = { '1_index': 'create index concurrently item_id on item (id);' }
          await whileBegun(database, files, 'insert into item values (2)', async (end) => {
            const rerun = deployFiles(database, { files, settings })
            await until(() =>
              database.query(`select from airlock.runs where outcome = 'abandoned'`),
            )
            await end()
            done(await rerun)
          })
          expect(
            await database.query(
              `select indexrelid::regclass::text as name, indisvalid from pg_index where indrelid = 'item'::regclass`,
            ),
          ).toEqual([{ name: 'item_id', indisvalid: true }])
        })
      },
      minute,
    )

    test(
      'REINDEX CONCURRENTLY cut off leaves nothing behind after the next run, and keeps what others had left before',
      async () => {
        await withDatabase({ major }, async (database) => {
          await database.query(
            `create table item (id integer); create index item_id on item (id); create index other_ccnew on item (id);
             update pg_index set indisvalid = false where indexrelid = 'other_ccnew'::regclass`,
          )
          const files = { '1_rebuild': 'reindex index concurrently item_id;' }
          await whileBegun(database, files, 'insert into item values (2)', async (end) => {
            await until(() =>
              database.query(
                `select from pg_class where relname = 'item_id_ccnew' and not exists
                   (select from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock % worker%')`,
              ),
            )
            await end()
          })
          done(await deployFiles(database, { files, settings }))
          expect(
            await database.query(
              `select indexrelid::regclass::text as name, indisvalid as valid from pg_index where indrelid = 'item'::regclass order by 1`,
            ),
          ).toEqual([
            { name: 'item_id', valid: true },
            { name: 'other_ccnew', valid: false },
          ])
        })
      },
      minute,
    )

    test(
      'DETACH PARTITION CONCURRENTLY cut off between its two transactions is finalized',
      async () => {
        await withDatabase({ major }, async (database) => {
          await database.query(
            `create table event (at date) partition by range (at);
             create table event_old partition of event for values from ('2024-01-01') to ('2025-01-01')`,
          )
          const files = { '1_detach': 'alter table event detach partition event_old concurrently;' }
          await whileBegun(database, files, 'select count(*) from event', async (end) => {
            await until(() => database.query('select from pg_inherits where inhdetachpending'))
            await end()
          })
          done(await deployFiles(database, { files, settings }))
          expect(await database.query('select * from pg_inherits')).toEqual([])
        })
      },
      minute,
    )

    test(
      'a procedure that commits: what became of it is left to a person, and nothing is undone or sent again',
      async () => {
        await withDatabase({ major }, async (database) => {
          await database.query(`create table counter (n integer); insert into counter values (0);
            create procedure count_slowly() language plpgsql as $$ begin
              update counter set n = n + 1; commit; perform pg_sleep(20); end $$`)
          const files = { '1_call': 'create table first (id integer); call count_slowly();' }
          await killWhile(database, files, `wait_event = 'PgSleep'`)
          const again = await deployFiles(database, { files, settings })
          expect(endingOf(again)).toMatch(
            /^needs-attention 3: The fate of an interrupted statement/,
          )
          expect(again.migration.rollback).toMatchObject({ by: 'none', outcome: 'not-run' })
          expect(
            await database.query(`select n, to_regclass('first') is not null as kept from counter`),
          ).toEqual([{ n: 1, kept: true }])
          expect(endingOf(await deployFiles(database, { files, settings }))).toMatch(
            /^needs-attention 3/,
          )
          const safe = { '1_call': `-- airlock: retry=safe\n\n${files['1_call']}` }
          const procedure = (body: string) =>
            database.query(
              `create or replace procedure count_slowly() language plpgsql as $$ begin ${body} end $$`,
            )
          await procedure('update counter set n = n + 1;')
          expect(endingOf(await deployFiles(database, { files: safe, settings }))).toMatch(
            /^refused 1: .* in other steps than when it was begun/,
          )
          await procedure('update counter set n = n + 1; commit;')
          done(await deployFiles(database, { files: safe, settings }))
          expect(await database.query('select n from counter')).toEqual([{ n: 2 }])
          expect(endingOf(await deployFiles(database, { files: safe, settings }))).toBe(
            'nothing-to-do 0',
          )
        })
      },
      minute,
    )

    test(
      'rolling back such a migration needs leave: nobody counted the rows that it changed',
      async () => {
        await withDatabase({ major }, async (database) => {
          await database.query(`create table counter (n integer); insert into counter values (0);
            create procedure count_slowly() language plpgsql as $$ begin
              update counter set n = n + 1; commit; perform pg_sleep(20); end $$`)
          const files = { '1_call': 'create table first (id integer); call count_slowly();' }
          await killWhile(database, files, `wait_event = 'PgSleep'`)
          const refused = await runEngine(database, 'rollback', { files, settings })
          expect(endingOf(refused)).toMatch(/^needs-attention 3: .* row changes not counted/)
          const back = await runEngine(database, 'rollback', {
            files,
            settings: { ...settings, 'allow-data-loss': 'true' },
          })
          expect(endingOf(back)).toBe('rolled-back 0')
        })
      },
      minute,
    )
  },
)
