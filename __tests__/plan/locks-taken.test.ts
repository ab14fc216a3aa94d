import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Client } from 'pg'
import { catalogMode, type LockMode, lockModes } from '../../src/plan/lock-modes.ts'
import { lockedTables } from '../../src/plan/locked-tables.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { servers, withDatabase } from '../support/database.ts'
import { planOf } from './planning.ts'

beforeAll(loadParser)

const schema = `
  create table t (id int primary key, a int, b text, constraint positive check (a > 0) not valid);
  create table u (id int primary key, t_id int);
  create table parted (id int) partition by list (id);
  create table part (id int);
  create table loose partition of parted for values in (9);
  create index i on t (a);
  create view v as select 1 as one;
  create materialized view m as select 1 as one;
  create sequence s;
  create function f() returns trigger language plpgsql as 'begin return new; end';
  create trigger g before insert on t for each row execute function f();
  create policy pol on t using (true);
  create statistics st on a, b from t;`

const statements = [
  'alter table t add column c int',
  'alter table t alter a type bigint',
  'alter table t alter a set default 5',
  'alter table t alter a set statistics 10',
  'alter table t alter b set storage external',
  'alter table t set (fillfactor = 70)',
  'alter table t set (autovacuum_enabled = off)',
  'alter table t cluster on t_pkey',
  'alter table t validate constraint positive',
  'alter table t drop constraint positive',
  'alter table t add unique (b)',
  'alter table t rename to t2',
  'alter table t rename a to a2',
  'alter table t enable row level security',
  'alter table t disable trigger g',
  'alter table t disable trigger all',
  'alter table u add foreign key (t_id) references t (id) not valid',
  'create table n (t_id int references t (id))',
  'create index on t (b)',
  'drop index i',
  'alter index i rename to i2',
  'alter index i set (fillfactor = 70)',
  'reindex index i',
  'reindex table t',
  'create trigger h before insert on t for each row execute function f()',
  'drop trigger g on t',
  'create policy q on t using (true)',
  'drop policy pol on t',
  'create statistics st2 on a, id from t',
  'alter table parted attach partition part for values in (1)',
  'alter table parted detach partition loose',
  'create table n partition of parted for values in (2)',
  'create view w as select * from t',
  'create or replace view v as select 2 as one',
  'refresh materialized view m',
  'alter sequence s increment 2',
  'drop table t',
  'truncate t',
  'insert into t (id) select id from u',
  'update t set a = 2',
  'delete from t where id in (select id from u)',
  'lock table t in share mode',
  'analyze t',
  'comment on table t is $$x$$',
  'comment on column t.a is $$x$$',
  'comment on constraint positive on t is $$x$$',
  'select nextval($$s$$)',
]

describe.each(servers().map(({ major }) => major))('on PostgreSQL %i', (major) => {
  test('the plan knows the strongest lock that each statement takes', async () => {
    await withDatabase({ major }, async (database) => {
      const client = await database.connect()
      await client.query(schema)
      const wrong: unknown[] = []
      for (const sql of statements) {
        const taken = await locksTaken(client, sql)
        const planned = plannedModes(sql)
        if (JSON.stringify(taken) !== JSON.stringify(planned)) wrong.push({ sql, taken, planned })
      }
      expect(wrong).toEqual([])
    })
  })

  test.each([
    ['alter table child drop constraint child_t_id_fkey', ['child_t_id_fkey']],
    ['drop table child', 'all'],
  ] as const)(
    '%s takes the strongest lock on the table at the other end too, and the plan knows of which keys [trap: foreign-key-drop-locks-both-tables]',
    async (sql, keys) => {
      await withDatabase({ major }, async (database) => {
        const client = await database.connect()
        await client.query(`${schema} create table child (t_id int references t (id))`)
        const taken = new Map(await locksTaken(client, sql))
        expect([taken.get('child'), taken.get('t')]).toEqual([
          'AccessExclusiveLock',
          'AccessExclusiveLock',
        ])
        expect(lockedTables([planOf(sql)])).toMatchObject([
          { relation: { name: 'child' }, modes: ['ACCESS EXCLUSIVE'], foreignKeys: keys },
        ])
      })
    },
  )
})

type Modes = readonly (readonly [table: string, mode: string])[]

/** The strongest mode on each relation that was there before, an index counting as its table. */
async function locksTaken(client: Client, sql: string): Promise<Modes> {
  await client.query('begin')
  try {
    const { rows: before } = await client.query<{ oid: number; name: string }>(
      `select c.oid::int, coalesce(i.indrelid::regclass::text, c.relname) as name from pg_class c left join pg_index i on i.indexrelid = c.oid
       where c.relnamespace = 'public'::regnamespace`,
    )
    await client.query('commit')
    await client.query('begin')
    await client.query(sql)
    const { rows } = await client.query<{ oid: number; mode: string }>(
      `select relation::int as oid, mode from pg_locks where pid = pg_backend_pid() and locktype = 'relation' and granted`,
    )
    const held = rows.flatMap(({ oid, mode }) => {
      const name = before.find((relation) => relation.oid === oid)?.name
      return name === undefined ? [] : [[name, mode] as const]
    })
    return strongest(held)
  } finally {
    await client.query('rollback')
  }
}

function plannedModes(sql: string): Modes {
  return strongest(
    lockedTables([planOf(sql)]).flatMap(({ relation: { name }, modes }) =>
      modes.map((mode) => [name === 'i' ? 't' : name, catalogMode(mode)] as const),
    ),
  )
}

const strengths = lockModes.map((mode: LockMode) => catalogMode(mode))

function strongest(held: Modes): Modes {
  const found = new Map<string, string>()
  for (const [name, mode] of held) {
    const known = found.get(name)
    if (known === undefined || strengths.indexOf(mode) > strengths.indexOf(known)) {
      found.set(name, mode)
    }
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1))
}
