import { beforeAll, describe, expect, test } from '@jest/globals'
import { loadParser } from '../../src/sql/parser.ts'
import { expectationLines, planOf } from './planning.ts'

beforeAll(loadParser)

function netOf(sql: string): string[] {
  return expectationLines(planOf(sql).expectations)
}

describe('the net effect of a file', () => {
  test.each<[string, string[]]>([
    ['CREATE SCHEMA s;', ['schema s: present']],
    [
      'CREATE TABLE t (id int NOT NULL, n text);',
      [
        'table t: present',
        'column t.id: present integer not null default null',
        'column t.n: present text null default null',
      ],
    ],
    ['CREATE TABLE t (); DROP TABLE t;', ['table t: absent']],
    ['DROP TABLE IF EXISTS t; CREATE TABLE t ();', ['table t: present']],
    ['CREATE TABLE IF NOT EXISTS t ();', ['table t: present maybe from before']],
    [
      'CREATE TABLE IF NOT EXISTS t (a int); ALTER TABLE t ADD b int;',
      [
        'table t: present maybe from before',
        'column t.a: present integer null default null maybe from before',
        'column t.b: present integer null default null',
      ],
    ],
    [
      'CREATE TABLE a (x int); ALTER TABLE a RENAME TO b;',
      ['table a: absent', 'table b: present', 'column b.x: present integer null default null'],
    ],
    ['ALTER TABLE a RENAME TO b;', ['table a: absent', 'table b: present']],
    ['ALTER TABLE IF EXISTS a RENAME TO b;', ['table a: absent']],
    ['CREATE TEMP TABLE t (a int); CREATE INDEX i ON t (a);', []],
    ['CREATE TEMP TABLE t (a int); DROP TABLE t;', []],
    ['CREATE TABLE s.t (); DROP TABLE t;', ['table t: absent']],
  ])('of %s', (sql, lines) => {
    expect(netOf(sql)).toEqual(lines)
  })
})

describe('constraints', () => {
  const add = 'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;'

  test.each<[string, string[]]>([
    [add, ['constraint c on t: present check not valid']],
    [`${add} ALTER TABLE t VALIDATE CONSTRAINT c;`, ['constraint c on t: present check valid']],
    ['ALTER TABLE t VALIDATE CONSTRAINT c;', ['constraint c on t: present validated']],
    [
      'ALTER TABLE t DROP CONSTRAINT IF EXISTS c, ADD CONSTRAINT c CHECK (a > 0);',
      ['constraint c on t: present check valid'],
    ],
    [
      `${add} ALTER TABLE t RENAME CONSTRAINT c TO d;`,
      ['constraint c on t: absent', 'constraint d on t: present check not valid'],
    ],
    [`${add} DROP TABLE t;`, ['table t: absent']],
    [`${add} ALTER TABLE t DROP COLUMN a;`, ['column t.a: absent']],
    [
      'ALTER TABLE t ADD UNIQUE (a); ALTER TABLE t ADD UNIQUE (b);',
      [
        'unnamed constraint on t: present unique valid',
        'unnamed constraint on t: present unique valid',
      ],
    ],
    [
      'ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY (a);',
      ['constraint p on t: present primary key valid', 'column t.a: present not null'],
    ],
    [
      'CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i;',
      ['constraint k on t: present unique valid', 'index i on t: absent'],
    ],
    [
      'CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT i PRIMARY KEY USING INDEX i;',
      ['constraint i on t: present primary key valid', 'column t.a: present not null'],
    ],
  ])('of %s', (sql, lines) => {
    expect(netOf(sql)).toEqual(lines)
  })

  test('follow the columns that are renamed', () => {
    const planned = planOf(
      'ALTER TABLE t ADD CONSTRAINT k UNIQUE (a, b); ALTER TABLE u ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES t (a); ALTER TABLE t RENAME a TO z;',
    )
    const [unique, foreign] = planned.expectations
    expect(unique?.constraint?.columns).toEqual(['z', 'b'])
    expect(foreign?.constraint?.references?.columns).toEqual(['z'])
  })

  test('follow the tables that are renamed', () => {
    const planned = planOf(
      'ALTER TABLE u ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES t (a); ALTER TABLE t RENAME TO v;',
    )
    expect(planned.expectations[0]?.constraint?.references?.table.name).toBe('v')
  })

  test('with an expression over a renamed column are only expected to be there', () => {
    const planned = planOf(`${add} ALTER TABLE t RENAME a TO z;`)
    expect(expectationLines(planned.expectations)[0]).toBe('constraint c on t: present')
  })

  test('take the columns of the index that they use', () => {
    const planned = planOf(
      'CREATE UNIQUE INDEX i ON t (a, b); ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i;',
    )
    expect(planned.expectations[0]?.constraint?.columns).toEqual(['a', 'b'])
  })
})

describe('columns', () => {
  test.each<[string, string[]]>([
    [
      'ALTER TABLE t ADD a int; ALTER TABLE t ALTER a TYPE bigint, ALTER a SET NOT NULL, ALTER a SET DEFAULT 1;',
      ['column t.a: present bigint not null default 1'],
    ],
    ['ALTER TABLE t ADD a serial;', ['column t.a: present integer not null']],
    ['ALTER TABLE t ALTER a SET NOT NULL;', ['column t.a: present not null']],
    ['ALTER TABLE t ALTER a DROP DEFAULT;', ['column t.a: present default null']],
    ['ALTER TABLE t DROP a;', ['column t.a: absent']],
    [
      'ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;',
      ['column t.a: present integer null default null maybe from before'],
    ],
    ['ALTER TABLE IF EXISTS t ADD COLUMN a int;', []],
    [
      'ALTER TABLE t ADD a int; ALTER TABLE t RENAME a TO b; ALTER TABLE t RENAME b TO a;',
      ['column t.b: absent', 'column t.a: present integer null default null'],
    ],
  ])('of %s', (sql, lines) => {
    expect(netOf(sql)).toEqual(lines)
  })
})

describe('indexes, triggers, functions and views', () => {
  test.each<[string, string[]]>([
    ['CREATE INDEX i ON s.t (a);', ['index s.i on s.t: present']],
    ['CREATE INDEX i ON t (a); DROP INDEX i;', ['index i on t: absent']],
    ['CREATE INDEX ON t (a);', ['unnamed index on t: present']],
    [
      'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);',
      ['index i on t: present maybe from before'],
    ],
    [
      'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER g;',
      ['trigger g on t: present enabled D'],
    ],
    [
      'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER ALL;',
      ['trigger g on t: present enabled D'],
    ],
    ['ALTER TABLE t DISABLE TRIGGER g;', ['trigger g on t: present enabled D']],
    [
      'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); DROP FUNCTION f() CASCADE;',
      ['function f(): absent'],
    ],
    [
      'CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;',
      ['function f(integer): present'],
    ],
  ])('of %s', (sql, lines) => {
    expect(netOf(sql)).toEqual(lines)
  })
})

describe('names that the server chose', () => {
  const made =
    'CREATE TABLE t (a int UNIQUE, b int CHECK (b > 0), c int REFERENCES u); CREATE INDEX ON t (b); CREATE INDEX ON t (c);'
  const unnamed = (sql: string) =>
    netOf(`${made} ${sql}`).filter((line) => line.startsWith('unnamed'))
  const [unique, check, foreign, index] = [
    'unnamed constraint on t: present unique valid',
    'unnamed constraint on t: present check valid',
    'unnamed constraint on t: present foreign key valid',
    'unnamed index on t: present',
  ]

  test.each<[string, string[]]>([
    ['', [unique, check, foreign, index, index]],
    ['ALTER TABLE t DROP CONSTRAINT t_a_key;', [check, foreign, index, index]],
    ['ALTER TABLE public.t DROP CONSTRAINT t_a_key;', [check, foreign, index, index]],
    ['ALTER TABLE t DROP CONSTRAINT t_c_fkey;', [unique, check, index, index]],
    ['ALTER TABLE t DROP CONSTRAINT t_b_check;', [unique, foreign, index, index]],
    ['ALTER TABLE t DROP CONSTRAINT t_a_key1;', [check, foreign, index, index]],
    ['ALTER TABLE t DROP CONSTRAINT other;', [unique, check, foreign, index, index]],
    ['ALTER TABLE u DROP CONSTRAINT t_a_key;', [unique, check, foreign, index, index]],
    ['DROP INDEX t_b_idx;', [unique, check, foreign, index]],
    ['DROP INDEX CONCURRENTLY t_b_idx1;', [unique, check, foreign]],
    ['DROP INDEX other;', [unique, check, foreign, index, index]],
    [
      'ALTER TABLE t RENAME CONSTRAINT t_a_key TO k; ALTER TABLE t DROP CONSTRAINT k;',
      [check, foreign, index, index],
    ],
    [
      'ALTER INDEX t_a_key RENAME TO k; ALTER TABLE t DROP CONSTRAINT k;',
      [check, foreign, index, index],
    ],
    ['ALTER INDEX t_b_idx RENAME TO i; DROP INDEX i;', [unique, check, foreign, index]],
    [
      'ALTER TABLE t RENAME a TO z; ALTER TABLE t DROP CONSTRAINT t_a_key;',
      [check, foreign, index, index],
    ],
    [
      "DO $$ BEGIN IF EXISTS (SELECT FROM pg_constraint WHERE conname = 't_a_key') THEN ALTER TABLE t DROP CONSTRAINT t_a_key; END IF; END $$;",
      [check, foreign, index, index],
    ],
  ])('are dropped by them: %s', (sql, lines) => {
    expect(unnamed(sql)).toEqual(lines)
  })

  test('an index that was renamed and went with its constraint is not expected', () => {
    expect(
      netOf(`${made} ALTER INDEX t_a_key RENAME TO k; ALTER TABLE t DROP CONSTRAINT k;`),
    ).not.toContain('index k: present')
  })

  test.each([
    ['ALTER TABLE t DROP CONSTRAINT t_a_key; ALTER TABLE t ADD UNIQUE (a);'],
    ['DROP INDEX t_a_idx; CREATE INDEX ON t (a);'],
    ['DROP INDEX t_a_key; ALTER TABLE public.t ADD UNIQUE (a);'],
  ])('that were dropped may come back: %s', (sql) => {
    expect(netOf(sql).filter((line) => line.includes('absent'))).toEqual([])
  })

  test('a constraint that is validated by them is not expected to be NOT VALID', () => {
    const lines = netOf(
      'ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES u NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT t_c_fkey;',
    )
    expect(lines).toEqual(['constraint t_c_fkey on t: present validated'])
  })
})

describe('a schema that one statement names and another leaves to the search path', () => {
  const made =
    'CREATE TABLE public.t (a int, CONSTRAINT k UNIQUE (a)); CREATE INDEX i ON public.t (a); CREATE TABLE public.u (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES public.t (a));'

  test.each<[string, string[]]>([
    [
      'DROP TABLE t;',
      [
        'table public.u: present',
        'column public.u.a: present integer null default null',
        'constraint public.f on public.u: present foreign key valid',
        'table t: absent',
      ],
    ],
    [
      'ALTER TABLE t DROP COLUMN a;',
      [
        'table public.t: present',
        'table public.u: present',
        'column public.u.a: present integer null default null',
        'constraint public.f on public.u: present foreign key valid',
        'column t.a: absent',
      ],
    ],
    [
      'ALTER TABLE t RENAME COLUMN a TO z;',
      [
        'table public.t: present',
        'table public.u: present',
        'column public.u.a: present integer null default null',
        'column t.a: absent',
        'column t.z: present',
      ],
    ],
    [
      'ALTER TABLE t RENAME TO v;',
      [
        'table public.u: present',
        'column public.u.a: present integer null default null',
        'constraint public.f on public.u: present',
        'table t: absent',
        'table v: present',
      ],
    ],
    [
      'ALTER TABLE t ALTER a TYPE bigint;',
      [
        'table public.t: present',
        'constraint public.k on public.t: present unique valid',
        'index public.i on public.t: present',
        'table public.u: present',
        'column public.u.a: present integer null default null',
        'constraint public.f on public.u: present foreign key valid',
        'column t.a: present bigint',
      ],
    ],
  ])('is told apart by nobody: %s', (sql, lines) => {
    expect(netOf(`${made} ${sql}`)).toEqual(lines)
  })
})

describe('each step', () => {
  test('expects what is true at its own end', () => {
    const planned = planOf(
      [
        'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID, ADD b int;',
        'ALTER TABLE t VALIDATE CONSTRAINT c;',
        'ALTER TABLE t DROP COLUMN b;',
      ].join('\n'),
    )
    expect(planned.steps.map(({ expectations }) => expectationLines(expectations))).toEqual([
      [
        'constraint c on t: present check not valid',
        'column t.b: present integer null default null',
      ],
      ['constraint c on t: present check valid'],
      ['column t.b: absent'],
    ])
    expect(expectationLines(planned.expectations)).toEqual([
      'constraint c on t: present check valid',
      'column t.b: absent',
    ])
  })

  test('expects nothing of a transaction that rolls back', () => {
    const planned = planOf('BEGIN; CREATE TABLE a (); ROLLBACK; CREATE TABLE b ();')
    expect(planned.steps.map(({ expectations }) => expectationLines(expectations))).toEqual([
      [],
      ['table b: present'],
    ])
  })
})

describe('guards in a DO block', () => {
  test('let the object be there from before', () => {
    const planned = planOf(`DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'c') THEN
        ALTER TABLE t ADD CONSTRAINT c UNIQUE (a);
      END IF;
    END $$;`)
    expect(expectationLines(planned.expectations)).toEqual([
      'constraint c on t: present unique valid maybe from before',
    ])
  })
})
