import { createServer, connect as dial } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import type pg from 'pg'
import { oldestAndNewest, type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf, runEngine, until } from '../support/engine.ts'

const gate = `create function gate(value int) returns boolean language plpgsql immutable as $$
  begin perform pg_advisory_xact_lock_shared(4711); return value is not null; end $$;`
const atGate = `select pid from pg_locks where locktype = 'advisory' and objid = 4711 and not granted
  and database = (select oid from pg_database where datname = current_database())`

async function held(database: TestDatabase): Promise<pg.Client> {
  const other = await database.connect('other')
  await other.query('select pg_advisory_lock(4711)')
  return other
}

const terminate = (database: TestDatabase, role: string) =>
  database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock %' and split_part(application_name, ' ', 3) = $1`,
    [role],
  )

/** The gate may stay shut for long. */
const settings = { 'lock-timeout': '30s' }
const noStack = /\n\s+at /

/** A proxy that breaks a connection, once, as the answer to a request arrives. */
async function losingAnswers(home: URL, isMeant: (request: string) => boolean) {
  let lost = 0
  const [port, host] = [Number(home.port), home.hostname]
  const server = createServer((client) => {
    const upstream = dial(port, host)
    let meant = false
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
    client.on('data', (data) => {
      meant ||= lost === 0 && isMeant(data.toString())
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      if (!meant) return void client.write(data)
      lost += 1
      end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    server,
    port: typeof address === 'object' && address !== null ? address.port : port,
    lost: () => lost,
  }
}

describe.each(oldestAndNewest())('PostgreSQL $major: connections that are lost', ({ major }) => {
  test('the worker in a transaction: Postgres took it back, and the report proves it', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(gate)
      const other = await held(database)
      const running = deployFiles(database, {
        settings,
        files: { '1_a': 'create table a (id int);\nselect gate(1);' },
      })
      await until(() => database.query(atGate))
      await terminate(database, 'worker')
      const result = await running
      await other.query('select pg_advisory_unlock_all()')
      expect(endingOf(result)).toMatch(
        /^failed 1: terminating connection due to administrator command/,
      )
      expect(errorOf(result)).toMatchObject({ sqlstate: '57P01', where: { line: 2 } })
      expect(result.migration.rollback).toMatchObject({ by: 'transaction', outcome: 'restored' })
      expect(await database.query('select state, half_done from airlock.migrations')).toEqual([
        { state: 'failed', half_done: false },
      ])
      expect(JSON.stringify(result.report)).not.toMatch(noStack)
    })
  })

  test('the worker during a concurrent build: its leftover is dropped, the catalog is as it was', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`${gate} create table t (a int); insert into t values (1)`)
      const other = await held(database)
      const running = deployFiles(database, {
        settings,
        files: { '1_a': 'create table b (id int);\ncreate index concurrently i on t (gate(a));' },
      })
      await until(() => database.query(atGate))
      await terminate(database, 'worker')
      const result = await running
      await other.query('select pg_advisory_unlock_all()')
      expect(endingOf(result)).toMatch(/^rolled-back 1: terminating connection/)
      expect(result.migration.rollback).toMatchObject({ by: 'inverses', outcome: 'restored' })
      expect(
        await database.query(
          `select to_regclass('i') is null and to_regclass('b') is null as gone`,
        ),
      ).toEqual([{ gone: true }])
    })
  })

  test('the worker at COMMIT, before it was done: the journal is asked, and has no row', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`${gate}
        create function wait() returns trigger language plpgsql as $$ begin perform public.gate(1); return null; end $$`)
      await deployFiles(database, { files: { '1_a': 'create table first (id int);' }, settings })
      // The journal's own row waits inside the message that holds the COMMIT.
      await database.query(`create constraint trigger wait after insert on airlock.migrations deferrable initially deferred
        for each row when (new.version = '2') execute function public.wait()`)
      const other = await held(database)
      const running = deployFiles(database, {
        settings,
        files: { '1_a': 'create table first (id int);', '2_b': 'create table second (id int);' },
      })
      await until(() => database.query(atGate))
      await terminate(database, 'worker')
      await other.query('select pg_advisory_unlock_all()')
      const result = await running
      expect(endingOf(result)).toMatch(/^failed 1: terminating connection/)
      expect(await database.query(`select to_regclass('second') is null as gone`)).toEqual([
        { gone: true },
      ])
    })
  })

  test.each([
    [
      'after its smoke tests',
      'create table b (id int);',
      { smoke: { checks: [{ name: 'answers', sql: 'select 1', expect: 'rows = 1' }] } },
    ],
    ['after its steps', 'create table b (id int);\ncreate index concurrently on b (id);', {}],
  ])(
    'a connection that breaks as a migration is noted as verified %s does not condemn it',
    async (_, sql, gates) => {
      await withDatabase({ major }, async (database) => {
        const files = { '1_a': 'create table first (id int);' }
        await deployFiles(database, { files, settings })
        await database.query(`create sequence public.broken;
          create function public.break() returns trigger language plpgsql as $$ begin
            if nextval('public.broken') = 1 then perform pg_terminate_backend(pg_backend_pid()), pg_sleep(5); end if;
            return new; end $$;
          create trigger break before update on airlock.migrations for each row
            when (new.state = 'verified' and old.state = 'applied') execute function public.break()`)
        const result = await deployFiles(database, {
          files: { ...files, '2_b': sql },
          settings,
          gates,
        })
        expect(endingOf(result)).toBe('deployed 0')
        expect(
          await database.query(
            `select state, (select last_value::int from broken) as asked from airlock.migrations where version = '2'`,
          ),
        ).toEqual([{ state: 'verified', asked: 2 }])
      })
    },
  )

  test('a connection that breaks as a migration is noted as rolled back: it is noted again', async () => {
    await withDatabase({ major }, async (database) => {
      const files: Record<string, string> = { '1_a': 'create table first (id int);' }
      await deployFiles(database, { files, settings })
      await database.query(`create sequence public.broken;
        create function public.break() returns trigger language plpgsql as $$ begin
          if nextval('public.broken') = 1 then perform pg_terminate_backend(pg_backend_pid()), pg_sleep(5); end if;
          return new; end $$;
        create trigger break before update on airlock.migrations for each row
          when (new.state = 'rolled-back') execute function public.break()`)
      files['2_b'] = 'create table second (id int);'
      await deployFiles(database, { files, settings })
      const result = await runEngine(database, 'rollback', { files, settings })
      expect([result.report.outcome, result.report.error]).toEqual(['rolled-back', null])
      expect(
        await database.query(
          `select state, (select last_value::int from broken) as asked from airlock.migrations where version = '2'`,
        ),
      ).toEqual([{ state: 'rolled-back', asked: 2 }])
    })
  })

  test('the answer to a COMMIT is lost: the journal has its row, and the run goes on from there [trap: commit-answer-lost]', async () => {
    await withDatabase({ major }, async (database) => {
      const home = new URL(database.url)
      const proxy = await losingAnswers(home, (text) => /insert into airlock\.steps/.test(text))
      home.port = String(proxy.port)
      home.hostname = '127.0.0.1'
      const files = { '1_a': 'create table first (id int);' }
      const result = await deployFiles(database, { files, settings, url: home.href })
      proxy.server.close()
      expect(JSON.stringify(result.report)).not.toMatch(noStack)
      expect(proxy.lost()).toBe(1)
      const rerun = await deployFiles(database, { files, settings })
      expect([endingOf(result).split(':')[0], endingOf(rerun)]).toEqual([
        'deployed 0',
        'nothing-to-do 0',
      ])
    })
  })

  test.each([1, 2])(
    'the answer to the COMMIT of batch %i is lost: the walk goes on behind it [trap: commit-answer-lost]',
    async (lost) => {
      await withDatabase({ major }, async (database) => {
        await database.query(
          'create table t (id int primary key, n int not null default 0); insert into t select generate_series(1, 30)',
        )
        const home = new URL(database.url)
        let batches = 0
        const proxy = await losingAnswers(home, (text) => {
          if (/insert into airlock\.steps/.test(text)) batches += 1
          return batches === lost
        })
        home.port = String(proxy.port)
        home.hostname = '127.0.0.1'
        const result = await deployFiles(database, {
          url: home.href,
          files: {
            '1_a':
              '-- airlock: batch key=id todo="n = 0" size=10 pause=0ms\nupdate t set n = n + 1 where id > $1 and id <= $2;',
          },
        })
        proxy.server.close()
        expect(proxy.lost()).toBe(1)
        expect(endingOf(result)).toBe('deployed 0')
        expect(result.migration.steps).toMatchObject([{ batches: 3 }])
        expect(result.migration.rowEffects).toMatchObject([{ updated: 30 }])
        expect(await database.query('select distinct n from t')).toEqual([{ n: 1 }])
      })
    },
  )

  test('the observer: the run ends honestly, what was committed is journaled, a rerun finds nothing to do', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(gate)
      const other = await held(database)
      const files = {
        '1_a': 'create table a (id int);\nselect gate(1);',
        '2_b': 'create table b (id int);',
      }
      const running = deployFiles(database, { files, settings })
      await until(() => database.query(atGate))
      await terminate(database, 'observer')
      await other.query('select pg_advisory_unlock_all()')
      const result = await running
      expect(endingOf(result)).toBe('deployed 0')
      expect(JSON.stringify(result.report)).not.toMatch(noStack)
      expect(endingOf(await deployFiles(database, { files, settings }))).toBe('nothing-to-do 0')
    })
  })

  test('the observer, and then the migration fails: it is still undone, proven and journaled', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(gate)
      const other = await held(database)
      const running = deployFiles(database, {
        settings,
        files: { '1_a': 'create table a (id int);\ncommit;\nselect gate(1);\nselect 1/0;' },
      })
      await until(() => database.query(atGate))
      await terminate(database, 'observer')
      await other.query('select pg_advisory_unlock_all()')
      const result = await running
      expect(endingOf(result)).toMatch(/^rolled-back 1: division by zero/)
      expect(result.migration.rollback).toMatchObject({ outcome: 'restored' })
    })
  })

  test('the keeper: the running statement is cancelled, nothing more is committed', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(gate)
      const other = await held(database)
      const running = deployFiles(database, {
        settings,
        files: {
          '1_a': 'create table a (id int);\nselect gate(1);',
          '2_b': 'create table b (id int);',
        },
      })
      await until(() => database.query(atGate))
      await terminate(database, 'keeper')
      const result = await running
      await other.query('select pg_advisory_unlock_all()')
      expect(endingOf(result)).toMatch(/^failed 1: The run's lock was lost/)
      expect(
        await database.query(
          `select to_regclass('a') is null and to_regclass('b') is null as gone`,
        ),
      ).toEqual([{ gone: true }])
      expect(await database.query(atGate)).toEqual([])
    })
  })

  test('the keeper, after a step was committed: what is left is undone only under the lock, taken again', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(gate)
      const other = await held(database)
      const running = deployFiles(database, {
        settings,
        files: { '1_a': 'create table a (id int);\ncommit;\nselect gate(1);' },
      })
      await until(() => database.query(atGate))
      await terminate(database, 'keeper')
      const result = await running
      await other.query('select pg_advisory_unlock_all()')
      expect(endingOf(result)).toMatch(
        /^(rolled-back 1|needs-attention 3): The run's lock was lost/,
      )
      const [row] = await database.query(
        `select to_regclass('a') is null as gone, (select state || ' ' || half_done from airlock.migrations) as state`,
      )
      expect(row).toEqual(
        result.report.outcome === 'rolled-back'
          ? { gone: true, state: 'rolled-back false' }
          : { gone: false, state: 'failed true' },
      )
    })
  })

  test('a run whose epoch was raised commits nothing more', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(gate)
      const other = await held(database)
      const running = deployFiles(database, {
        settings,
        files: {
          '1_a': 'create table a (id int);\nselect gate(1);',
          '2_b': 'create table b (id int);',
        },
      })
      await until(() => database.query(atGate))
      await database.query('update airlock.runs set epoch = epoch + 1')
      await other.query('select pg_advisory_unlock_all()')
      const result = await running
      expect(endingOf(result)).toMatch(/another run has taken over this database/)
      expect(errorOf(result).sqlstate).toBe('AL001')
      expect(
        await database.query(
          `select to_regclass('a') is null and to_regclass('b') is null as gone`,
        ),
      ).toEqual([{ gone: true }])
      expect(await database.query('select count(*)::int from airlock.migrations')).toEqual([
        { count: 0 },
      ])
      expect(JSON.stringify(result.report)).not.toMatch(noStack)
    })
  })

  test('a run whose epoch was raised between two steps does not undo or journal what another now owns', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(gate)
      const other = await held(database)
      const running = deployFiles(database, {
        settings,
        files: { '1_a': 'create table a (id int);\ncommit;\nselect gate(1);' },
      })
      await until(() => database.query(atGate))
      await database.query('update airlock.runs set epoch = epoch + 1')
      await other.query('select pg_advisory_unlock_all()')
      const result = await running
      expect(endingOf(result)).toMatch(/^needs-attention 3: another run has taken over/)
      expect(
        await database.query(
          `select to_regclass('a') is not null as there, state from airlock.migrations`,
        ),
      ).toEqual([{ there: true, state: 'running' }])
      expect(JSON.stringify(result.report)).not.toMatch(noStack)
    })
  })

  test('the whole server: an ending, no hang, no stack trace', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(gate)
      const other = await held(database)
      const running = deployFiles(database, {
        settings,
        files: { '1_a': 'create table a (id int);\ncommit;\nselect gate(1);' },
      })
      await until(() => database.query(atGate))
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock %'`,
      )
      const result = await running
      await other.query('select pg_advisory_unlock_all()')
      expect(['needs-attention', 'rolled-back']).toContain(result.report.outcome)
      expect(JSON.stringify(result.report)).not.toMatch(noStack)
    })
  })
})
