import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { effectsOf } from '../../../src/sql/effects.ts'
import { loadParser, parseSql } from '../../../src/sql/parser.ts'
import type { Effect, Node, ObjectRef } from '../../../src/sql/types.ts'

beforeAll(loadParser)

/** An effect in one line: 'update table T → x (change) [uses]'. */
function line({ op, object, to, change, reason, uses, cascade, only, temporary }: Effect): string {
  const words = [
    op,
    named(object),
    change === undefined ? '' : `(${change})`,
    to === undefined ? '' : `→ ${to}`,
    reason === undefined ? '' : `because ${reason}`,
    cascade === true ? 'CASCADE' : '',
    only === true ? 'ONLY' : '',
    temporary === true ? 'TEMP' : '',
    uses === undefined ? '' : `[${uses.map(named).join(', ')}]`,
  ]
  return words.filter((word) => word !== '').join(' ')
}

function named({ kind, schema, name, table, arguments: types }: ObjectRef): string {
  const own = schema === null || table !== undefined ? name : `${schema}.${name}`
  const on =
    table === undefined ? '' : ` on ${table.schema === null ? '' : `${table.schema}.`}${table.name}`
  return `${kind} ${own}${types === undefined ? '' : `(${types.join(', ')})`}${on}`
}

function lines(sql: string, searchPath: readonly string[] | null = null): string[] {
  return parseSql(sql).flatMap(({ node }) => effectsOf(node, { searchPath }).map(line))
}

const STATEMENTS: readonly (readonly [string, ...string[]])[] = [
  ["INSERT INTO a.t VALUES (1, lower('x'))", 'insert table a.t'],
  [
    'INSERT INTO t SELECT * FROM u JOIN a.v ON f(u.x)',
    'insert table t [table u, table a.v, function f]',
    'unknown function f because function call f()',
  ],
  ['INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING', 'insert table t'],
  ['UPDATE ONLY "T" SET a = now()', 'update table T ONLY'],
  ['UPDATE t SET a = u.a FROM u', 'update table t [table u]'],
  ['DELETE FROM t USING u WHERE t.id = u.id', 'delete table t [table u]'],
  ['MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE', 'merge table t [table u]'],
  [
    'WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone',
    'insert table b',
    'delete table a',
  ],
  ['WITH n AS (UPDATE a SET x = 1 RETURNING *) SELECT * FROM n', 'update table a'],
  [
    'TRUNCATE a, ONLY b RESTART IDENTITY CASCADE',
    'truncate table a (RESTART IDENTITY) CASCADE',
    'truncate table b (RESTART IDENTITY) CASCADE ONLY',
  ],
  ['COPY t FROM STDIN', 'copy table t'],
  ['COPY t TO STDOUT', 'read table t'],
  ['COPY (SELECT * FROM t) TO STDOUT', 'read table t'],
  ["COPY t FROM PROGRAM 'rm'", 'copy table t', 'unknown unknown null because COPY … PROGRAM'],
  ['SELECT count(*), coalesce(max(a), 0) FROM t', 'read table t'],
  ['SELECT pg_catalog.now(), generate_series(1, 2)'],
  ['SELECT danger(1)', 'unknown function danger because function call danger()'],
  ['SELECT s.danger(1), s.danger(2)', 'unknown function s.danger because function call s.danger()'],
  ["SELECT other.lower('x')", 'unknown function other.lower because function call other.lower()'],
  ['SELECT setval(\'s."Some.Seq"\', 5)', 'set sequence s.Some.Seq (setval)'],
  ["SELECT nextval('q'::regclass)", 'set sequence q (nextval)'],
  [
    "SELECT setval(pg_get_serial_sequence('t', 'id'), 5)",
    'unknown function setval because function call setval()',
  ],
  [
    'SELECT pg_advisory_lock(1)',
    'unknown function pg_advisory_lock because function call pg_advisory_lock()',
  ],
  ['CALL s.p(1)', 'unknown procedure s.p because CALL s.p()'],
  ['EXECUTE p', 'unknown unknown null because EXECUTE p'],
  ['PREPARE p AS DELETE FROM t'],
  ['EXPLAIN DELETE FROM t'],
  ['EXPLAIN ANALYZE DELETE FROM t', 'delete table t'],
  ['EXPLAIN (ANALYZE off) DELETE FROM t'],
  ['LOCK TABLE a, ONLY b IN SHARE MODE', 'lock table a (SHARE)', 'lock table b (SHARE) ONLY'],
  ['VACUUM (FULL, ANALYZE) a, b', 'vacuum table a (FULL)', 'vacuum table b (FULL)'],
  ['VACUUM', 'vacuum database '],
  ['ANALYZE a (x)', 'analyze table a'],
  ['CLUSTER a USING i', 'cluster table a → i'],
  ['REINDEX INDEX CONCURRENTLY i', 'reindex index i (CONCURRENTLY)'],
  ['REINDEX TABLE s.t', 'reindex table s.t'],
  ['REINDEX SCHEMA s', 'reindex schema s'],
  ['REFRESH MATERIALIZED VIEW CONCURRENTLY mv', 'refresh materialized view mv (CONCURRENTLY)'],
  [
    'DROP INDEX CONCURRENTLY IF EXISTS a, s.b',
    'drop index a (CONCURRENTLY)',
    'drop index s.b (CONCURRENTLY)',
  ],
  [
    'CREATE TEMP TABLE a (id integer) ON COMMIT DROP',
    'create table a TEMP',
    'create column id on a TEMP',
  ],
  ['CREATE TEMP VIEW v AS SELECT 1', 'create view v TEMP'],
  [
    "CREATE TABLE p PARTITION OF t FOR VALUES IN (1, 'x')",
    'create table p (PARTITION OF) [table t]',
    "attach table t → FOR VALUES IN (1, 'x')",
  ],
  ['ALTER TABLE t ATTACH PARTITION p DEFAULT', 'attach table t → DEFAULT [table p]'],
  ['ALTER TABLE t DETACH PARTITION p CONCURRENTLY', 'detach table t (CONCURRENTLY)'],
  ['ALTER TABLE t DETACH PARTITION p FINALIZE', 'detach table t (FINALIZE)'],
  ['ALTER INDEX i ATTACH PARTITION j', 'attach index i [index j]'],
  [
    'ALTER TABLE ONLY t ADD CONSTRAINT k UNIQUE USING INDEX i',
    'create constraint k on t ONLY [index i]',
  ],
  [
    "ALTER TABLE t ALTER x SET DEFAULT nextval('q')",
    'alter column x on t (SET DEFAULT) [function nextval]',
  ],
  [
    'ALTER TABLE t REPLICA IDENTITY USING INDEX i',
    'alter table t (REPLICA IDENTITY) → USING INDEX i',
  ],
  [
    'ALTER TABLE t SET TABLESPACE x, SET (a = 1, toast.b = 2)',
    'alter table t (SET TABLESPACE) → x',
    'alter table t (SET (a, toast.b))',
  ],
  [
    'ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b',
    'alter tablespace a (MOVE ALL TABLES TO) → b',
  ],
  [
    'GRANT SELECT (a), INSERT ON s.t, u TO x, PUBLIC WITH GRANT OPTION',
    'grant table s.t (SELECT (a), INSERT WITH GRANT OPTION) → x, PUBLIC',
    'grant table u (SELECT (a), INSERT WITH GRANT OPTION) → x, PUBLIC',
  ],
  ['GRANT ALL ON ALL TABLES IN SCHEMA s TO x', 'grant schema s (ALL TABLES: ALL) → x'],
  [
    'REVOKE EXECUTE ON FUNCTION f(int) FROM x CASCADE',
    'revoke function f(integer) (EXECUTE) → x CASCADE',
  ],
  ['GRANT a, b TO c', 'grant role a (MEMBERSHIP) → c', 'grant role b (MEMBERSHIP) → c'],
  [
    'ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO x',
    'grant schema s (DEFAULT PRIVILEGES ON TABLES: SELECT) → x',
  ],
  ["COMMENT ON COLUMN s.t.c IS 'x'", 'comment column c on s.t → x'],
  ['COMMENT ON CONSTRAINT k ON DOMAIN d IS NULL', 'comment constraint k on d (IS NULL)'],
  ["COMMENT ON FUNCTION f(a int, OUT b text) IS 'x'", 'comment function f(integer) → x'],
  ['ALTER SCHEMA s OWNER TO x', 'set owner schema s → x'],
  ['ALTER FUNCTION f() OWNER TO CURRENT_USER', 'set owner function f() → CURRENT_USER'],
  ['ALTER LARGE OBJECT 3 OWNER TO x', 'set owner large object 3 → x'],
  ["ALTER EXTENSION e UPDATE TO '2'", 'alter extension e (UPDATE) → 2'],
  ['ALTER EXTENSION e SET SCHEMA s', 'set schema extension e → s'],
  ['ALTER EXTENSION e ADD TABLE t', 'alter extension e (ADD) [table t]'],
  ["SET work_mem = '4MB'", 'set parameter work_mem (SESSION) → 4MB'],
  ['SET LOCAL search_path = a, "B"', 'set parameter search_path (LOCAL) → a, B'],
  ['RESET work_mem', 'set parameter work_mem (RESET work_mem)'],
  ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'],
  ['ALTER SYSTEM SET work_mem = 3', 'set parameter work_mem (ALTER SYSTEM) → 3'],
  ['ALTER ROLE r SET search_path = s', 'alter role r (SET search_path) → s'],
  ["ALTER ROLE r PASSWORD 'secret'", 'alter role r (PASSWORD)'],
  [
    "CREATE SUBSCRIPTION s CONNECTION 'password=secret' PUBLICATION p",
    'create subscription s (PUBLICATION p)',
  ],
  ['ALTER SUBSCRIPTION s DISABLE', 'alter subscription s (DISABLE)'],
  ['DROP SUBSCRIPTION s', 'drop subscription s'],
  ['CREATE DATABASE d', 'create database d'],
  ['DROP DATABASE IF EXISTS d', 'drop database d'],
  ["CREATE TABLESPACE x LOCATION '/x'", 'create tablespace x'],
  ['DROP TABLESPACE x', 'drop tablespace x'],
  ['DROP OWNED BY a', 'unknown role a because DROP OWNED BY a'],
  ['REASSIGN OWNED BY a TO b', 'unknown role a because REASSIGN OWNED BY a'],
  [
    'IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c',
    'unknown schema c because IMPORT FOREIGN SCHEMA a',
  ],
  ['DROP CAST (int AS text)', 'drop cast integer as text'],
  ['DROP TRANSFORM FOR int LANGUAGE l', 'drop transform for integer language l'],
  ['DROP OPERATOR CLASS s.c USING btree', 'drop operator class s.c'],
  [
    'DROP AGGREGATE a(*), b(int ORDER BY text)',
    'drop aggregate a()',
    'drop aggregate b(integer, text)',
  ],
  ['DROP ACCESS METHOD m', 'drop access method m'],
  ['DROP TRIGGER t ON s."T" CASCADE', 'drop trigger t on s.T CASCADE'],
  ["ALTER TYPE s.e ADD VALUE 'x' BEFORE 'y'", 'create enum value x on s.e (BEFORE) → y'],
  ['BEGIN'],
  ['LISTEN x'],
  ['CHECKPOINT'],
  ['DISCARD ALL', 'set parameter ALL (DISCARD ALL)'],
  ["LOAD 'x'", 'unknown unknown null because LOAD x'],
]

describe('effects of', () => {
  test.each(STATEMENTS)('%s', (sql, ...expected) => {
    expect(lines(sql)).toEqual(expected)
  })
})

describe('names under a search path that the file set', () => {
  test('one schema is certain for everything', () => {
    expect(lines('CREATE TABLE t (id integer REFERENCES u)', ['app'])).toEqual([
      'create table app.t',
      'create column id on app.t',
      'create constraint null on app.t [table app.u]',
    ])
    expect(lines('DROP INDEX i', ['app'])).toEqual(['drop index app.i'])
    expect(lines('DROP EXTENSION e', ['app'])).toEqual(['drop extension e'])
  })

  test('of several the first is certain for what is created, the rest stays open', () => {
    expect(lines('CREATE VIEW v AS SELECT * FROM t', ['app', 'public'])).toEqual([
      'create view app.v [table t]',
    ])
    const [altered] = parseSql('ALTER TABLE t ADD x integer')
    const effects = altered === undefined ? [] : effectsOf(altered.node, { searchPath: ['a', 'b'] })
    expect(effects.map(({ object, searchPath }) => [object.table, searchPath])).toEqual([
      [{ schema: null, name: 't' }, ['a', 'b']],
    ])
  })

  test('temporary tables, "$user" and written schemas are left alone', () => {
    expect(lines('CREATE TEMP TABLE t ()', ['app'])).toEqual(['create table t TEMP'])
    expect(lines('CREATE TABLE t ()', ['$user', 'public'])).toEqual(['create table t'])
    expect(lines('CREATE TABLE s.t ()', ['app'])).toEqual(['create table s.t'])
  })

  test('the elements of CREATE SCHEMA lie in it', () => {
    const sql = 'CREATE SCHEMA n CREATE TABLE t (a integer) CREATE VIEW v AS SELECT * FROM t, u'
    expect(lines(sql, ['app'])).toEqual([
      'create schema n',
      'create table n.t',
      'create column a on n.t',
      'create view n.v [table n.t, table app.u]',
    ])
  })
})

test('a password never becomes part of an effect', () => {
  const secrets = [
    "CREATE ROLE r PASSWORD 'hidden'",
    "ALTER USER r PASSWORD 'hidden'",
    "CREATE SUBSCRIPTION s CONNECTION 'password=hidden' PUBLICATION p",
    "ALTER SUBSCRIPTION s CONNECTION 'password=hidden'",
    "CREATE USER MAPPING FOR r SERVER s OPTIONS (password 'hidden')",
    "ALTER USER MAPPING FOR r SERVER s OPTIONS (SET password 'hidden')",
    "CREATE SERVER s FOREIGN DATA WRAPPER f OPTIONS (x 'hidden')",
  ]
  for (const sql of secrets) {
    const effects = parseSql(sql).flatMap(({ node }) => effectsOf(node, { searchPath: null }))
    expect(effects).not.toEqual([])
    expect(JSON.stringify(effects)).not.toContain('hidden')
  }
})

describe('the table of families is complete', () => {
  const declared = readFileSync(
    createRequire(import.meta.url)
      .resolve('@pgsql/types')
      .replace(/index\.js$/, 'types.d.ts'),
    'utf8',
  )
  /** Nodes called statements that are parts of others or never come from the parser. */
  const parts = ['RawStmt', 'SetOperationStmt', 'ReturnStmt', 'PLAssignStmt', 'ReplicaIdentityStmt']
  const types = [...declared.matchAll(/^export interface (\w+Stmt)\b/gm)].map(
    ([, type = '']) => type,
  )

  test('the declared statement types are found', () => {
    expect(types.length).toBeGreaterThan(110)
  })

  test.each(types.filter((type) => !parts.includes(type)))('%s', (type) => {
    const effects = effectsOf({ [type]: {} } as Node, { searchPath: null })
    expect(effects.filter(({ reason }) => reason?.endsWith('is not understood'))).toEqual([])
  })
})

describe('every command of ALTER TABLE is known', () => {
  const declared = readFileSync(
    createRequire(import.meta.url)
      .resolve('@pgsql/types')
      .replace(/index\.js$/, 'enums.d.ts'),
    'utf8',
  )
  const line = /AlterTableType = (.*)/.exec(declared)?.[1] ?? ''
  /** Made by the server on its way, never by the parser. */
  const internal = /AT_(ReAdd|Cooked|AddColumnToView|AddIndex|ReplaceRel)/
  const commands = [...line.matchAll(/AT_\w+/g)].map(([name]) => name)

  test.each(commands.filter((name) => !internal.test(name)))('%s', (subtype) => {
    const node = { AlterTableStmt: { cmds: [{ AlterTableCmd: { subtype } }] } }
    const reasons = effectsOf(node as Node, { searchPath: null }).map(({ reason }) => reason)
    expect(reasons.filter((reason) => reason !== undefined)).toEqual([])
  })
})
