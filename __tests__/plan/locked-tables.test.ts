import { beforeAll, describe, expect, test } from '@jest/globals'
import { catalogMode, conflictsOf, isStrong, lockModes } from '../../src/plan/lock-modes.ts'
import { lockedTables } from '../../src/plan/locked-tables.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { planOf } from './planning.ts'

beforeAll(loadParser)

/** 't ACCESS EXCLUSIVE', with 'snapshots' where old ones are waited for. */
function locksIn(...scripts: readonly string[]): string[] {
  return lockedTables(scripts.map((sql) => planOf(sql))).map(
    ({ relation: { schema, name }, modes, waitsForSnapshots }) =>
      `${schema === null ? '' : `${schema}.`}${name} ${modes.join(' + ')}${waitsForSnapshots ? ' snapshots' : ''}`,
  )
}

describe('the tables that a plan locks', () => {
  test.each([
    ['alter table t add column c int', ['t ACCESS EXCLUSIVE']],
    ['alter table only s.t alter c set statistics 10', ['s.t SHARE UPDATE EXCLUSIVE']],
    ['alter table t set (fillfactor = 70)', ['t SHARE UPDATE EXCLUSIVE']],
    ['alter table t validate constraint c', ['t SHARE UPDATE EXCLUSIVE']],
    ['alter table t add check (c > 0) not valid', ['t ACCESS EXCLUSIVE']],
    [
      'alter table t add foreign key (u) references u (id) not valid',
      ['t SHARE ROW EXCLUSIVE', 'u SHARE ROW EXCLUSIVE'],
    ],
    ['create index on t (c)', ['t SHARE']],
    ['create index concurrently i on t (c)', ['t SHARE UPDATE EXCLUSIVE snapshots']],
    ['drop index i', ['i ACCESS EXCLUSIVE']],
    ['drop index concurrently i', ['i SHARE UPDATE EXCLUSIVE']],
    ['reindex table t', ['t ACCESS EXCLUSIVE']],
    ['reindex index concurrently i', ['i SHARE UPDATE EXCLUSIVE snapshots']],
    [
      'create trigger g before insert on t for each row execute function f()',
      ['t SHARE ROW EXCLUSIVE'],
    ],
    ['drop trigger g on t', ['t ACCESS EXCLUSIVE']],
    ['update t set c = (select max(c) from u)', ['t ROW EXCLUSIVE', 'u ACCESS SHARE']],
    ['truncate t', ['t ACCESS EXCLUSIVE']],
    ['lock table t in share mode', ['t SHARE']],
    ['vacuum t', ['t SHARE UPDATE EXCLUSIVE']],
    ['vacuum full t', ['t ACCESS EXCLUSIVE']],
    [
      'alter table t attach partition p for values in (1)',
      ['t SHARE UPDATE EXCLUSIVE', 'p ACCESS EXCLUSIVE'],
    ],
    [
      'alter table t detach partition p concurrently',
      ['t SHARE UPDATE EXCLUSIVE', 'p ACCESS EXCLUSIVE'],
    ],
    [
      'create table p partition of t for values in (1)',
      ['t ACCESS EXCLUSIVE + SHARE UPDATE EXCLUSIVE'],
    ],
    ['create view v as select * from t', ['t ACCESS SHARE']],
    ['create table c (t_id int references t (id))', ['t SHARE ROW EXCLUSIVE']],
    ['comment on table t is $$x$$', ['t SHARE UPDATE EXCLUSIVE']],
    ['grant select on t to public', []],
    ['create type k as enum ($$a$$)', []],
    ['create temporary table x (a int)', []],
  ])('%s', (sql, expected) => {
    expect(locksIn(sql)).toEqual(expected)
  })

  test('what an earlier statement or migration created is left out, what may have been there is not', () => {
    expect(locksIn('create table t (a int unique)', 'create index on t (a)')).toEqual([])
    expect(locksIn('create table if not exists t (a int unique)')).toEqual([])
    expect(locksIn('create table if not exists t (a int); alter table t add b int')).toEqual([
      't ACCESS EXCLUSIVE',
    ])
    expect(locksIn('alter table t rename to u; alter table u add b int')).toEqual([
      't ACCESS EXCLUSIVE',
    ])
  })

  test('several locks on one table are one entry, told at the first statement', () => {
    const [only, ...others] = lockedTables([
      planOf('create index on t (a);\nalter table t add b int'),
    ])
    expect([only?.modes, only?.strong, only?.where.line, others]).toEqual([
      ['SHARE', 'ACCESS EXCLUSIVE'],
      true,
      1,
      [],
    ])
    expect(only?.waitsFor).toContain('ACCESS SHARE')
  })
})

describe('what CONCURRENTLY waits for beyond its lock', () => {
  test.each([
    ['create index concurrently on t (a)', 'ROW EXCLUSIVE', true],
    ['create index concurrently on t (a)', 'ACCESS SHARE', false],
    ['reindex table concurrently t', 'ACCESS SHARE', true],
    ['drop index concurrently i', 'ACCESS SHARE', true],
    ['alter table t detach partition p concurrently', 'ACCESS SHARE', true],
    ['alter table t validate constraint c', 'ROW EXCLUSIVE', false],
    ['alter index i rename to j', 'ROW EXCLUSIVE', false],
  ] as const)('%s: whoever holds %s: %p', (sql, mode, waits) => {
    expect(lockedTables([planOf(sql)])[0]?.waitsFor.includes(mode)).toBe(waits)
  })
})

describe('lock modes', () => {
  test('conflicts are mutual', () => {
    const oneSided = lockModes.flatMap((mode) =>
      conflictsOf(mode).filter((other) => !conflictsOf(other).includes(mode)),
    )
    expect(oneSided).toEqual([])
  })

  test('are spelled as in the catalog, and strong from SHARE on', () => {
    expect(lockModes.map(catalogMode).slice(3, 6)).toEqual([
      'ShareUpdateExclusiveLock',
      'ShareLock',
      'ShareRowExclusiveLock',
    ])
    expect(lockModes.filter(isStrong)).toHaveLength(4)
  })
})
