import { beforeAll, describe, expect, test } from '@jest/globals'
import { quoteName } from '../../src/sql/identifier.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { noteLines, planOf } from './planning.ts'

beforeAll(loadParser)

/** 'first: a ACCESS EXCLUSIVE | retried: …' of the only step. */
function locksOf(sql: string): string {
  const [step] = planOf(sql).steps
  if (step?.locksUpFront === undefined) return 'none'
  const words = (name: 'first' | 'retried') =>
    (step.locksUpFront?.[name] ?? [])
      .map(({ table, mode }) => `${quoteName(table)} ${mode}`)
      .join(', ')
  return `first: ${words('first')} | retried: ${words('retried')}`
}

describe('locks that a transaction takes up front', () => {
  test.each([
    ['one table', 'alter table a add column x int', 'none'],
    [
      'two tables, each in its strongest mode',
      'create trigger g before insert on a execute function f(); alter table b add column x int; alter table a add column y int',
      'first: a ACCESS EXCLUSIVE, b ACCESS EXCLUSIVE | retried: a ACCESS EXCLUSIVE, b ACCESS EXCLUSIVE',
    ],
    [
      'both ends of foreign keys of a new table',
      'create table c (a int references a, b int references b)',
      'first: a SHARE ROW EXCLUSIVE, b SHARE ROW EXCLUSIVE | retried: a SHARE ROW EXCLUSIVE, b SHARE ROW EXCLUSIVE',
    ],
    [
      'a table made by the file',
      'create table a (id int); alter table b add column x int; alter table a add column y int',
      'none',
    ],
    [
      'rows written before a strong lock',
      'update a set x = 1; alter table b add column y int',
      'first:  | retried: b ACCESS EXCLUSIVE',
    ],
    [
      'rows written behind the only strong lock',
      'alter table a add column x int; update a set x = 1',
      'none',
    ],
    [
      'quick changes, then rows, then another strong lock',
      'alter table a add column x int; alter table b add column x int; update a set x = 1; alter table c add column x int',
      'first: a ACCESS EXCLUSIVE, b ACCESS EXCLUSIVE | retried: a ACCESS EXCLUSIVE, b ACCESS EXCLUSIVE, c ACCESS EXCLUSIVE',
    ],
    [
      'a build between two strong locks',
      'create index i on a (x); alter table b add column x int',
      'first:  | retried: a SHARE, b ACCESS EXCLUSIVE',
    ],
    [
      'a scan between two strong locks',
      'alter table a add constraint c check (x > 0); alter table b add column x int',
      'first:  | retried: a ACCESS EXCLUSIVE, b ACCESS EXCLUSIVE',
    ],
    [
      'a constraint that scans nothing',
      'alter table a add constraint c check (x > 0) not valid; alter table b add column x int',
      'first: a ACCESS EXCLUSIVE, b ACCESS EXCLUSIVE | retried: a ACCESS EXCLUSIVE, b ACCESS EXCLUSIVE',
    ],
    [
      'weak locks',
      'insert into a values (1); update b set x = 1; comment on table c is null',
      'none',
    ],
    [
      'views and sequences, which LOCK TABLE can’t lock so',
      'create or replace view v as select 1 as one; alter sequence s increment 2; alter table a add column x int',
      'none',
    ],
    [
      'the file’s own LOCK TABLE',
      'lock table b; alter table a add column x int; alter table b add column x int',
      'none',
    ],
    [
      'the file’s own isolation level',
      'set transaction isolation level serializable; alter table a add column x int; alter table b add column x int',
      'none',
    ],
    [
      'what a guard may skip',
      "do $$ begin if now() > '2020-01-01' then alter table a add column x int; end if; end $$; alter table b add column x int",
      'first:  | retried: b ACCESS EXCLUSIVE',
    ],
    [
      'locks=as-written',
      '-- airlock: locks=as-written\n\nalter table a add column x int; alter table b add column x int',
      'none',
    ],
    [
      'locks=up-front',
      '-- airlock: locks=up-front\n\nupdate a set x = 1; alter table b add column x int',
      'first: b ACCESS EXCLUSIVE | retried: b ACCESS EXCLUSIVE',
    ],
  ])('%s', (_, sql, expected) => {
    expect(locksOf(sql)).toBe(expected)
  })

  test('the plan names tables and modes, and how to have it otherwise', () => {
    const plan = planOf(
      'select 1;\nalter table a add column x int;\nalter table "B" drop column y;',
    )
    expect(noteLines(plan)).toContain('info locks-up-front 2')
    const close = planOf('alter table a add column x int;\nalter table "B" drop column y;')
    expect(close.notes.map(({ message }) => message).join()).toMatch(
      /begins with LOCK TABLE.*: a in ACCESS EXCLUSIVE MODE, "B" in ACCESS EXCLUSIVE MODE; `-- airlock: locks=as-written`/,
    )
  })
})

describe('which of the two budgets a step has', () => {
  test.each([
    [
      'CREATE INDEX CONCURRENTLY waits for writers and old snapshots; nobody waits for it',
      'create index concurrently i on a (x)',
      'long',
    ],
    ['CREATE INDEX keeps writers away', 'create index i on a (x)', 'short'],
    [
      'DROP INDEX CONCURRENTLY waits for everyone who reads the table',
      'drop index concurrently i',
      'long',
    ],
    ['DROP INDEX keeps everyone away', 'drop index i', 'short'],
    ['REINDEX CONCURRENTLY waits as a build and as a drop', 'reindex table concurrently a', 'long'],
    ['REINDEX keeps writers away', 'reindex table a', 'short'],
    [
      'DETACH CONCURRENTLY waits for everyone who reads the parent',
      'alter table a detach partition b concurrently',
      'long',
    ],
    ['DETACH keeps everyone away', 'alter table a detach partition b', 'short'],
    [
      'DETACH … FINALIZE ends what is detached already',
      'alter table a detach partition b finalize',
      'short',
    ],
    [
      'VALIDATE scans under a lock that keeps only DDL away [trap: validate-in-one-transaction]',
      'alter table a validate constraint c',
      'long',
    ],
    [
      'VALIDATE together with what keeps everyone away',
      'alter table a add column x int, validate constraint c',
      'short',
    ],
    [
      'REFRESH CONCURRENTLY leaves readers alone, and nobody else writes there',
      'refresh materialized view concurrently m',
      'long',
    ],
    ['REFRESH keeps readers away', 'refresh materialized view m', 'short'],
    ['VACUUM keeps only DDL away', 'vacuum a', 'long'],
    ['VACUUM FULL keeps everyone away', 'vacuum full a', 'short'],
    ['CLUSTER keeps everyone away', 'cluster a using i', 'short'],
    [
      'ATTACH keeps everyone away from the partition',
      'alter table a attach partition b default',
      'short',
    ],
    ['a new enum label is made in an instant', "alter type m add value 'x'", 'short'],
    ['rows keep other writers of the same rows away', 'update a set x = 1', 'short'],
    [
      'VALIDATE inside the file’s own transaction holds its other locks',
      'begin; alter table a validate constraint c; commit',
      'short',
    ],
  ])('%s', (_, sql, budget) => {
    expect(planOf(`${sql};`).steps.map((step) => step.budget)).toEqual([budget])
  })

  test('a VALIDATE is a step of its own, behind the commit of its NOT VALID [trap: validate-in-one-transaction]', () => {
    const plan = planOf(
      'alter table a add constraint c check (x > 0) not valid;\nalter table a validate constraint c;\nalter table b add column y int;',
    )
    expect(plan.steps.map(({ kind, budget }) => `${kind} ${budget}`)).toEqual([
      'transaction short',
      'transaction long',
      'transaction short',
    ])
  })
})
