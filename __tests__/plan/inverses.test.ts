import { beforeAll, describe, expect, test } from '@jest/globals'
import { type Inversion, invert, type ObjectBefore } from '../../src/plan/inverses.ts'
import { describeObject } from '../../src/plan/object-words.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { effectsIn } from './planning.ts'

beforeAll(loadParser)

type Attributes = Readonly<Record<string, string>>

/** Inverts a script; `before` holds the attributes of what was there, by description. */
function invertSql(
  sql: string,
  before: Readonly<Record<string, Attributes | 'unknown'>> = {},
): Inversion {
  return invert(effectsIn(sql), (object): ObjectBefore | null | undefined => {
    const attributes = before[describeObject(object)]
    if (attributes === 'unknown') return undefined
    if (attributes === undefined) return null
    const { kind, schema, name, table } = object
    const owner = table === undefined ? {} : { table: table.name }
    return { kind, schema, name: name ?? '', ...owner, attributes }
  })
}

function statements(inversion: Inversion): string[] {
  return inversion.statements.map(({ sql }) => sql)
}

describe('what was created', () => {
  test.each<[string, string[]]>([
    [
      'ALTER TABLE "Company" ADD CONSTRAINT "c d" UNIQUE (a);',
      ['ALTER TABLE "Company" DROP CONSTRAINT "c d"'],
    ],
    ['CREATE INDEX CONCURRENTLY i ON s.t (a);', ['DROP INDEX CONCURRENTLY s.i']],
    ['CREATE INDEX i ON t (a);', ['DROP INDEX i']],
    ['ALTER TABLE t ADD a int;', ['ALTER TABLE t DROP COLUMN a']],
    [
      'CREATE FUNCTION f(a int, b text) RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();',
      ['DROP TRIGGER g ON t', 'DROP FUNCTION f(integer, text)'],
    ],
    [
      'CREATE TABLE t (id int PRIMARY KEY, b int UNIQUE); CREATE INDEX i ON t (b);',
      ['DROP TABLE t'],
    ],
    [
      'CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY, t int); ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES u;',
      ['ALTER TABLE t DROP CONSTRAINT f', 'DROP TABLE u', 'DROP TABLE t'],
    ],
    [
      'CREATE TABLE t (id int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();',
      ['DROP TRIGGER g ON t', 'DROP FUNCTION f()', 'DROP TABLE t'],
    ],
    [
      "CREATE TABLE t (id int); CREATE TYPE e AS ENUM ('a'); ALTER TABLE t ADD COLUMN e e;",
      ['ALTER TABLE t DROP COLUMN e', 'DROP TYPE e', 'DROP TABLE t'],
    ],
    ['CREATE TABLE a (); ALTER TABLE a RENAME TO b;', ['DROP TABLE b']],
    ['CREATE TABLE a (); DROP TABLE a;', []],
    ['CREATE TABLE a (); ALTER TABLE a RENAME TO b; DROP TABLE b;', []],
    ['CREATE TEMP TABLE a ();', []],
    [
      'ALTER TABLE t DROP CONSTRAINT IF EXISTS c, ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;',
      ['ALTER TABLE t DROP CONSTRAINT c'],
    ],
  ])('is dropped: %s', (sql, inverse) => {
    const inversion = invertSql(sql)
    expect(statements(inversion)).toEqual(inverse)
    expect(inversion.irreversible).toEqual([])
  })

  test('is left where it was there before', () => {
    const sql =
      'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a); CREATE TABLE IF NOT EXISTS u ();'
    expect(statements(invertSql(sql, { 'index i on t': {} }))).toEqual(['DROP TABLE u'])
  })

  test('is dropped with a guard and a word of doubt where nobody knows', () => {
    const [statement] = invertSql('CREATE INDEX i ON t (a);', {
      'index i on t': 'unknown',
    }).statements
    expect(statement?.sql).toBe('DROP INDEX IF EXISTS i')
    expect(statement?.why).toBe(
      "index i on t was created; it isn't known whether it was there before",
    )
  })

  test('says where data would be lost with it', () => {
    expect(invertSql('CREATE TABLE s.t (); ALTER TABLE u ADD a int;').dataLoss).toEqual([
      { table: { schema: null, name: 'u' }, column: 'a' },
      { table: { schema: 's', name: 't' } },
    ])
  })

  test('allows no transaction where it was built concurrently', () => {
    const sql = 'CREATE INDEX CONCURRENTLY i ON t (a); CREATE INDEX j ON t (a);'
    expect(invertSql(sql).statements.map(({ concurrently }) => concurrently)).toEqual([false, true])
  })

  test('as a primary key leaves its columns nullable again', () => {
    const sql = 'ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY (a, b);'
    const before = { 'column t.a': { 'not null': 'false' }, 'column t.b': { 'not null': 'true' } }
    expect(statements(invertSql(sql, before))).toEqual([
      'ALTER TABLE t DROP CONSTRAINT p',
      'ALTER TABLE t ALTER COLUMN a DROP NOT NULL',
    ])
  })

  test('using an index from before gives the index back', () => {
    const sql = 'ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i;'
    const definition = 'CREATE UNIQUE INDEX i ON public.t USING btree (a)'
    expect(statements(invertSql(sql, { 'index i on t': { definition } }))).toEqual([
      'ALTER TABLE t DROP CONSTRAINT k',
      definition,
    ])
  })

  test('using an index of its own drops both at once', () => {
    const sql =
      'CREATE UNIQUE INDEX CONCURRENTLY i ON t (a); ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i;'
    expect(statements(invertSql(sql))).toEqual(['ALTER TABLE t DROP CONSTRAINT k'])
  })

  test('without a name stays, unless the name is known', () => {
    const effects = effectsIn('ALTER TABLE t ADD CHECK (a > 0);')
    expect(invert(effects, () => null).irreversible).toHaveLength(1)
    const nameOf = () => 't_a_check'
    expect(statements(invert(effects, () => null, { nameOf }))).toEqual([
      'ALTER TABLE t DROP CONSTRAINT t_a_check',
    ])
  })

  test('without a name has the one that the server gives, where that is free', () => {
    const sql = 'ALTER TABLE t ADD UNIQUE (a, b); CREATE INDEX ON t (a, lower(b));'
    expect(statements(invertSql(sql))).toEqual([
      'DROP INDEX t_a_expr_idx',
      'ALTER TABLE t DROP CONSTRAINT t_a_b_key',
    ])
    expect(invertSql(sql, { 'constraint t_a_b_key on t': {} }).irreversible).toHaveLength(1)
  })

  test('with a column goes with it', () => {
    const sql = 'ALTER TABLE t ADD a serial UNIQUE REFERENCES u (id);'
    const inversion = invertSql(sql)
    expect(statements(inversion)).toEqual(['ALTER TABLE t DROP COLUMN a'])
    expect(inversion.irreversible).toEqual([])
  })
})

describe('what was dropped', () => {
  test.each<[string, Readonly<Record<string, Attributes>>, string[]]>([
    [
      'ALTER TABLE t DROP CONSTRAINT c;',
      { 'constraint c on t': { definition: 'CHECK ((a > 0)) NOT VALID' } },
      ['ALTER TABLE t ADD CONSTRAINT c CHECK ((a > 0)) NOT VALID'],
    ],
    [
      'ALTER TABLE t DROP CONSTRAINT IF EXISTS c, ADD CONSTRAINT c CHECK (a > 1);',
      { 'constraint c on t': { definition: 'CHECK ((a > 0))' } },
      ['ALTER TABLE t DROP CONSTRAINT c', 'ALTER TABLE t ADD CONSTRAINT c CHECK ((a > 0))'],
    ],
    [
      'DROP TRIGGER g ON t;',
      {
        'trigger g on t': {
          definition: 'CREATE TRIGGER g …',
          enabled: 'disabled',
          comment: "it's",
        },
      },
      [
        'CREATE TRIGGER g …',
        "COMMENT ON TRIGGER g ON t IS 'it''s'",
        'ALTER TABLE t DISABLE TRIGGER g',
      ],
    ],
    [
      'DROP INDEX i;',
      { 'index i': { definition: 'CREATE UNIQUE INDEX i ON t USING btree (a)' } },
      ['CREATE UNIQUE INDEX i ON t USING btree (a)'],
    ],
    [
      'DROP VIEW v;',
      { 'view v': { definition: ' SELECT 1;' } },
      ['CREATE OR REPLACE VIEW v AS SELECT 1'],
    ],
    ['DROP TABLE IF EXISTS t;', {}, []],
    [
      'DROP INDEX CONCURRENTLY i;',
      { 'index i': { definition: 'CREATE INDEX i ON t USING btree (a)' } },
      ['CREATE INDEX CONCURRENTLY i ON t USING btree (a)'],
    ],
    [
      'DROP POLICY p ON t;',
      {
        'policy p on t': { command: 'select', permissive: 'true', roles: 'bob', using: '(a > 1)' },
      },
      ['CREATE POLICY p ON t AS PERMISSIVE FOR SELECT TO bob USING ((a > 1))'],
    ],
    ['DROP TYPE m;', { 'type m': { labels: "'a', 'b'" } }, ["CREATE TYPE m AS ENUM ('a', 'b')"]],
  ])('is made again: %s', (sql, before, inverse) => {
    const inversion = invertSql(sql, before)
    expect(statements(inversion)).toEqual(inverse)
    expect(inversion.irreversible).toEqual([])
  })

  test.each<[string, string]>([
    ['DROP TABLE t;', 'table t'],
    ['ALTER TABLE t DROP COLUMN a;', 'column t.a'],
  ])('with its data stays dropped: %s', (sql, object) => {
    const inversion = invertSql(sql, { [object]: { definition: 'x' } })
    expect(inversion.statements).toEqual([])
    expect(inversion.irreversible.map(({ why }) => why)).toEqual([`the data of ${object} is lost`])
  })
})

describe('what was changed', () => {
  test.each<[string, Readonly<Record<string, Attributes>>, string[]]>([
    [
      'ALTER TABLE t ALTER a SET NOT NULL;',
      { 'column t.a': { 'not null': 'false' } },
      ['ALTER TABLE t ALTER COLUMN a DROP NOT NULL'],
    ],
    [
      'ALTER TABLE t ALTER a SET DEFAULT 1;',
      { 'column t.a': { default: '0' } },
      ['ALTER TABLE t ALTER COLUMN a SET DEFAULT 0'],
    ],
    [
      'ALTER TABLE t ALTER a SET DEFAULT 1;',
      { 'column t.a': {} },
      ['ALTER TABLE t ALTER COLUMN a DROP DEFAULT'],
    ],
    [
      'ALTER TABLE t ALTER a TYPE bigint;',
      { 'column t.a': { type: 'integer' } },
      ['ALTER TABLE t ALTER COLUMN a TYPE integer USING a::integer'],
    ],
    [
      'ALTER TABLE t ADD a int; ALTER TABLE t ALTER a SET DEFAULT 1;',
      {},
      ['ALTER TABLE t DROP COLUMN a'],
    ],
    [
      'ALTER TABLE t RENAME a TO b; ALTER TABLE t RENAME TO u;',
      { 'table t': {}, 'column t.a': {} },
      ['ALTER TABLE u RENAME TO t', 'ALTER TABLE t RENAME COLUMN b TO a'],
    ],
    [
      'ALTER TABLE t RENAME TO u; ALTER TABLE u ADD CONSTRAINT c UNIQUE (a); ALTER TABLE u ALTER a SET DEFAULT 1;',
      { 'table t': {}, 'column t.a': { default: '7' } },
      [
        'ALTER TABLE u ALTER COLUMN a SET DEFAULT 7',
        'ALTER TABLE u DROP CONSTRAINT c',
        'ALTER TABLE u RENAME TO t',
      ],
    ],
    [
      'ALTER TABLE t ADD CONSTRAINT c UNIQUE (a); ALTER TABLE t RENAME TO u;',
      { 'table t': {} },
      ['ALTER TABLE u RENAME TO t', 'ALTER TABLE t DROP CONSTRAINT c'],
    ],
    [
      'ALTER TABLE t VALIDATE CONSTRAINT c;',
      { 'constraint c on t': { definition: 'CHECK ((a > 0)) NOT VALID' } },
      ['ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK ((a > 0)) NOT VALID'],
    ],
    [
      'ALTER TABLE t VALIDATE CONSTRAINT c;',
      { 'constraint c on t': { definition: 'CHECK ((a > 0))' } },
      [],
    ],
    [
      'ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;',
      { 'table t': { 'row security': 'enabled' } },
      ['ALTER TABLE t NO FORCE ROW LEVEL SECURITY', 'ALTER TABLE t ENABLE ROW LEVEL SECURITY'],
    ],
    [
      'ALTER TABLE t DISABLE TRIGGER g;',
      { 'trigger g on t': { enabled: 'always' } },
      ['ALTER TABLE t ENABLE ALWAYS TRIGGER g'],
    ],
    [
      'CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 2 $$;',
      { 'function f()': { definition: 'CREATE OR REPLACE FUNCTION public.f() …' } },
      ['CREATE OR REPLACE FUNCTION public.f() …'],
    ],
  ])('is changed back: %s', (sql, before, inverse) => {
    const inversion = invertSql(sql, before)
    expect(statements(inversion)).toEqual(inverse)
    expect(inversion.irreversible).toEqual([])
  })

  test('of rows is kept, and said', () => {
    const inversion = invertSql('INSERT INTO t VALUES (1); UPDATE s.u SET a = 1; DELETE FROM t;')
    expect(inversion.statements).toEqual([])
    expect(inversion.dataKept).toEqual([
      { table: { schema: null, name: 't' }, op: 'insert' },
      { table: { schema: 's', name: 'u' }, op: 'update' },
      { table: { schema: null, name: 't' }, op: 'delete' },
    ])
  })
})
