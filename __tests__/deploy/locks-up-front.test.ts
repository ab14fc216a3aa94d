import { beforeAll, describe, expect, test } from '@jest/globals'
import type pg from 'pg'
import { locksOfAttempt } from '../../src/deploy/steps/up-front-locks.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, until } from '../support/engine.ts'

const waitingWorker = `select a.pid from pg_stat_activity a where a.datname = current_database()
  and a.application_name like 'pg-airlock % worker%' and a.wait_event_type = 'Lock'`

const heldByWorker = `select l.relation::regclass::text as relation, l.mode from pg_locks l join pg_stat_activity a using (pid)
  where a.datname = current_database() and a.application_name like 'pg-airlock % worker%' and l.granted
  and l.locktype = 'relation' and l.relation::regclass::text in ('t', 'u', 'v') order by 1, 2`

const settings = { 'lock-timeout': '10s', 'retry-timeout': '20s' }

describe('a transaction that needs several tables', () => {
  test('waits for the first of them without holding another, whatever order the file has [trap: holding-a-while-waiting-for-b]', async () => {
    await withDatabase({}, async (database) => {
      // OIDs give the order: t before u.
      await database.query('create table t (id int); create table u (id int)')
      const other = await database.connect('the application')
      await other.query('begin; lock table t in access share mode')
      const running = deployFiles(database, {
        settings,
        files: { '1_a': 'alter table u add column c int;\nalter table t add column c int;' },
      })
      await until(() => database.query(waitingWorker))
      expect(await database.query(heldByWorker)).toEqual([])
      await database.query('select * from u')
      await other.query('rollback')
      expect(endingOf(await running)).toBe('deployed 0')
    })
  })

  /** The application writes to t, then to u; the file changes u, then t. */
  async function crossing(
    directive: string,
  ): Promise<{ ending: string; application: string; retries: number }> {
    return withDatabase({}, async (database) => {
      await database.query(
        'create table t (id int); create table u (id int); insert into t values (1); insert into u values (1)',
      )
      const other: pg.Client = await database.connect('the application')
      await other.query("set deadlock_timeout = '200ms'; begin; update t set id = 2")
      const running = deployFiles(database, {
        settings,
        files: {
          '1_a': `${directive}alter table u add column c int;\nalter table t add column c int;`,
        },
      })
      await until(() => database.query(waitingWorker))
      const application = await other.query('update u set id = 2; commit').then(
        () => 'went on',
        async ({ code }: { code: string }) => {
          await other.query('rollback')
          return code
        },
      )
      const { migration, ...result } = await running
      return {
        ending: endingOf({ ...result, migration }),
        application,
        retries: migration.steps[0]?.retries ?? 0,
      }
    })
  }

  test('meets no deadlock with an application that takes them the other way round than the file', async () => {
    expect(await crossing('')).toEqual({ ending: 'deployed 0', application: 'went on', retries: 0 })
  })

  test('would meet one as written, and the file may have it so', async () => {
    const { application } = await crossing('-- airlock: locks=as-written\n\n')
    expect(application).toBe('40P01')
  })

  test('locks what is there, by whatever name, and goes on where it may not', async () => {
    await withDatabase({}, async (database) => {
      const role = `r_${database.name}`
      await database.query(`create role "${role}";
        grant create on database "${database.name}" to "${role}"; grant all on schema public to "${role}";
        create table "a '"" $$ \\" (id int primary key); create table theirs (id int primary key); create view v as select 1 as one;
        create schema s; create table s.t (id int); grant usage on schema s to "${role}"; alter table s.t owner to "${role}";
        grant references on table theirs, "a '"" $$ \\" to "${role}"`)
      try {
        const result = await deployFiles(database, {
          settings: { ...settings, role },
          files: {
            '1_a': `set search_path = s;
              alter table if exists gone add column c int;
              alter table t add column c int;
              create table public.child (id int references public.theirs, other int references public."a '"" $$ \\");
              create table public.part (id int) partition by range (id);
              create table public.part_1 partition of public.part default;
              alter table public.part add column c int;`,
          },
        })
        expect(endingOf(result)).toBe('deployed 0')
      } finally {
        await database.query(`drop owned by "${role}" cascade; drop role "${role}"`)
      }
    })
  })
})

describe('a strong lock behind written rows', () => {
  const schema = `create table t (id int); create table u (id int); insert into t values (1); create sequence written;
    create function count_it() returns trigger language plpgsql as $$ begin perform nextval('written'); return new; end $$;
    create trigger count_it before update on t for each row execute function count_it();`
  const file = 'update t set id = id + 1;\nalter table u add column c int;'

  /** How often the rows were written when the third attempt succeeds. */
  async function written(
    directive: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    return withDatabase({}, async (database) => {
      await database.query(schema)
      const other = await database.connect('the application')
      await other.query('begin; lock table u in access share mode')
      const result = await deployFiles(database, {
        settings: { ...settings, 'lock-timeout': '100ms', ...more },
        files: { '1_a': `${directive}${file}` },
        on: (event) => {
          if (event.type === 'retrying' && event.attempt === 2) void other.query('rollback')
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      const [row] = await database.query<{ n: string }>('select last_value as n from written')
      return Number(row?.n)
    })
  }

  test('is taken first only after an attempt that gave way: the rows are written in vain once', async () => {
    expect(await written('')).toBe(2)
  })

  test('is left in its place where the attempt took longer than block-timeout, or the file says so', async () => {
    expect(await written('-- airlock: locks=as-written\n\n')).toBe(3)
    expect(await written('', { 'block-timeout': '50ms' })).toBe(3)
  })

  test('is taken first from the beginning where the file says so', async () => {
    expect(await written('-- airlock: locks=up-front\n\n')).toBe(1)
  })
})

describe('what locks up front', () => {
  beforeAll(loadParser)
  const lock = { table: { schema: null, name: 't' }, mode: 'ACCESS EXCLUSIVE' } as const

  test.each([
    ['begin', 1],
    ['start transaction isolation level read committed', 1],
    ['begin read write, isolation level Repeatable Read', 0],
    ['BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE', 0],
  ])('is not sent where it would take the snapshot of all that follows: %s', (begin, expected) => {
    const locksUpFront = { first: [lock], retried: [lock], statement: null }
    expect(locksOfAttempt({ begin, locksUpFront } as never, null, 1000)).toHaveLength(expected)
  })
})
