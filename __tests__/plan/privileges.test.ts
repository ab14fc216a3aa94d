import { beforeAll, describe, expect, test } from '@jest/globals'
import { describeObject } from '../../src/plan/object-words.ts'
import { privilegeNeeds } from '../../src/plan/privileges.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { planOf } from './planning.ts'

beforeAll(loadParser)

/** Needs as 'ownership 2: OWNER of table t', the number being the statement's line. */
function needs(sql: string, serverMajor = 18): string[] {
  const context = { serverMajor, searchPath: ['public'], role: 'deployer' }
  return privilegeNeeds([planOf(sql)], context).map(
    ({ group, object, anyOf, where, mayBeAbsent }) =>
      `${group} ${where.line}: ${anyOf.join('|')} of ${describeObject(object)}${mayBeAbsent === true ? ' if there' : ''}`,
  )
}

describe('what a plan needs', () => {
  test('what the plan creates is its own', () => {
    expect(
      needs(`create schema s; create table s.t (id int primary key);
        create index on s.t (id); insert into s.t values (1); drop table s.t`),
    ).toEqual(['special 1: CREATE|OWNER of database '])
  })

  test('what a statement makes only unless it is there may be somebody else’s', () => {
    expect(needs('create table if not exists t (id int);\nalter table t add n int')).toEqual([
      'schemas 1: CREATE of schema public',
      'ownership 2: OWNER of table t if there',
    ])
  })

  test('what comes before a creation is about an older object', () => {
    expect(needs('drop table t;\ncreate table t (id int);\nalter table t add n int')).toEqual([
      'ownership 1: OWNER|SCHEMA OWNER of table t',
      'schemas 2: CREATE of schema public',
    ])
  })

  test('a new name is that of the object that was asked for before', () => {
    expect(needs('alter table a rename to b;\nalter table b add n int')).toEqual([
      'ownership 1: OWNER of table a',
      'schemas 1: SCHEMA CREATE of table a',
    ])
  })

  test('each thing once, with the first statement that asks it', () => {
    expect(needs('alter table t add a int;\nalter table t add b int')).toEqual([
      'ownership 1: OWNER of table t',
    ])
  })

  test('MAINTAIN is enough from 17 on', () => {
    expect(needs('reindex table t', 16)).toEqual(['ownership 1: OWNER of table t'])
    expect(needs('reindex table t', 17)).toEqual(['ownership 1: OWNER|MAINTAIN of table t'])
  })

  test('a written schema needs USAGE, its object its own privilege', () => {
    expect(needs('update s.t set n = n + 1')).toEqual([
      'tables 1: SELECT of table s.t',
      'schemas 1: USAGE of schema s',
      'tables 1: UPDATE of table s.t',
    ])
  })

  test('statements within DO count, guarded or not', () => {
    expect(
      needs(`do $$ begin
        if not exists (select from pg_constraint where conname = 'c') then
          alter table t add constraint c check (n > 0);
        end if;
      end $$`),
    ).toContain('ownership 1: OWNER of table t')
  })

  test('of what the parse can’t see it is said that it is not known', () => {
    const context = { serverMajor: 18, searchPath: ['public'], role: 'deployer' }
    const [need] = privilegeNeeds([planOf('call rebuild()')], context, 'special')
    expect([need?.anyOf, need?.reason]).toEqual([[], 'CALL rebuild()'])
  })

  test('a role may change its own password, not that of another', () => {
    expect(needs(`alter role deployer password 'x'`)).toEqual([])
    expect(needs(`alter role another password 'x'`)).toEqual([
      'special 1: SUPERUSER|CREATEROLE of unnamed role',
    ])
  })
})
