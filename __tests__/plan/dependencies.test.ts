import { beforeAll, describe, expect, test } from '@jest/globals'
import { laterDependants } from '../../src/plan/dependencies.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { planOf } from './planning.ts'

beforeAll(loadParser)

function needed(first: string, second: string): string[] {
  return laterDependants(planOf(first), [planOf(second, { version: '2' })]).map(
    ({ version, object }) => `${version} ${object}`,
  )
}

describe('a later migration needs', () => {
  test.each<[string, string, string[]]>([
    ['CREATE TABLE t (a int);', 'ALTER TABLE t ADD b int;', ['2 table t']],
    ['CREATE TABLE t ();', 'INSERT INTO t DEFAULT VALUES;', ['2 table t']],
    [
      'CREATE TABLE t ();',
      'ALTER TABLE u ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t (id);',
      ['2 table t'],
    ],
    ['ALTER TABLE t ADD a int;', 'CREATE INDEX i ON t (a);', ['2 column t.a']],
    ['ALTER TABLE t ADD a int;', 'CREATE INDEX i ON t (b);', []],
    ['ALTER TABLE t ADD a int;', 'ALTER TABLE t ALTER a SET NOT NULL;', ['2 column t.a']],
    [
      'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$;',
      'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();',
      ['2 function f()'],
    ],
    [
      'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;',
      'ALTER TABLE t VALIDATE CONSTRAINT c;',
      ['2 constraint c on t'],
    ],
    ['ALTER TABLE t RENAME TO u;', 'ALTER TABLE u ADD b int;', ['2 table u']],
    ['CREATE TABLE s.t ();', 'ALTER TABLE r.t ADD b int;', []],
    ['CREATE TEMP TABLE t ();', 'ALTER TABLE t ADD b int;', []],
    ['CREATE TABLE t ();', 'CREATE TABLE u ();', []],
  ])('of %s, for %s', (first, second, objects) => {
    expect(needed(first, second)).toEqual(objects)
  })
})
