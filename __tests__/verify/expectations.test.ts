import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { netExpectations } from '../../src/plan/expectations.ts'
import { compileVerifyScript } from '../../src/plan/verify-script.ts'
import type { Verification } from '../../src/report/types.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { parseScript } from '../../src/sql/script.ts'
import type { ObjectRef } from '../../src/sql/types.ts'
import { inquire, verifyExpectations } from '../../src/verify/expectations.ts'
import { runVerifyScript } from '../../src/verify/verify-script.ts'
import { servers } from '../support/database.ts'
import { absent, member, present } from './expected.ts'
import { withSession } from './session.ts'

beforeAll(loadParser)

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  /** Runs a migration for real and verifies what its own parse says of it. */
  function verify(
    migration: string,
    { before = '', after = '', searchPath = ['public'] } = {},
  ): Promise<Verification[]> {
    const { statements } = parseScript('migrations/1_a.sql', migration)
    return withSession({ major }, async (session) => {
      if (before !== '') await session.simple(before)
      for (const { text } of statements) await session.simple(text)
      if (after !== '') await session.simple(after)
      const scope = { searchPath, serverMajor: major }
      return verifyExpectations(session, netExpectations(statements), scope)
    })
  }

  const lines = (found: readonly Verification[]) =>
    found.map(({ kind, object, table, actual, outcome }) =>
      [outcome, kind, object, ...(table === '' ? [] : ['on', table]), '=', actual].join(' '),
    )

  const notPassed = (found: readonly Verification[]) =>
    found
      .filter(({ outcome }) => outcome !== 'passed')
      .map(({ kind, object, expected, actual, reason = '' }) => ({
        kind,
        object,
        expected,
        actual,
        reason,
      }))

  if (major >= 18) {
    test('a NOT NULL that is NOT VALID leaves the column one that may hold NULL', async () => {
      const named = 'ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID'
      expect(
        lines(await verify(`ALTER TABLE t ADD a int; ${named}`, { before: 'CREATE TABLE t ()' })),
      ).toEqual([
        'passed column a on t = integer',
        'passed constraint n on t = NOT NULL (a), NOT VALID',
      ])
      const required = 'ALTER TABLE t ALTER a SET NOT NULL'
      const before = 'CREATE TABLE t (a int)'
      const after = `ALTER TABLE t DROP CONSTRAINT t_a_not_null; ${named}`
      expect(lines(await verify(required, { before }))).toEqual(['passed column a on t = NOT NULL'])
      expect(notPassed(await verify(required, { before, after }))).toHaveLength(1)
      expect(notPassed(await verify(required, { before: `${before}; ${named}` }))).toEqual([])
    })
  }

  test('what a migration creates is there as its parse says', async () => {
    const found = await verify(`
      CREATE SCHEMA shop;
      CREATE EXTENSION pg_trgm;
      CREATE EXTENSION btree_gist;
      CREATE TYPE shop."state of ""order""" AS ENUM ('new', 'it''s paid');
      CREATE TYPE shop.pair AS (a int, b text);
      CREATE DOMAIN shop.positive AS numeric(10,2) CONSTRAINT positive_check CHECK (VALUE > 0);
      CREATE SEQUENCE shop.numbers;
      CREATE TABLE shop."Customer" (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        "e-mail" varchar(200) COLLATE "C" NOT NULL UNIQUE,
        tags text[] DEFAULT '{}',
        "select" timestamptz(3) NOT NULL DEFAULT now(),
        born date CHECK (born > '1900-01-01'),
        CONSTRAINT "no blank. ""ü""" CHECK ("e-mail" <> '' AND "e-mail" NOT LIKE '% %')
      );
      CREATE TABLE shop."Order" (
        id serial PRIMARY KEY,
        number bigint DEFAULT nextval('shop.numbers') NOT NULL,
        customer bigint NOT NULL REFERENCES shop."Customer" ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
        state shop."state of ""order""" NOT NULL DEFAULT 'new',
        price shop.positive,
        total numeric GENERATED ALWAYS AS (number * 2) STORED,
        during tstzrange,
        EXCLUDE USING gist (customer WITH =, during WITH &&) WHERE (customer > 0),
        CONSTRAINT known_state CHECK (state IN ('new', 'it''s paid'))
      );
      CREATE INDEX ON shop."Order" (state);
      CREATE INDEX order_text ON shop."Customer" USING gin ("e-mail" gin_trgm_ops);
      CREATE UNIQUE INDEX order_lower ON shop."Customer" (lower("e-mail"), born DESC NULLS LAST) INCLUDE (id) WHERE born IS NOT NULL;
      CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE FUNCTION shop.add(a int, b numeric(3,1), VARIADIC c shop.pair[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE PROCEDURE shop.work(a text, INOUT b int DEFAULT 1) LANGUAGE sql AS 'SELECT 1';
      CREATE AGGREGATE shop.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
      CREATE TRIGGER "touch it" BEFORE INSERT OR UPDATE OF price, state ON shop."Order"
        FOR EACH ROW WHEN (NEW.price > 1) EXECUTE FUNCTION shop.touch('a', 'b''c');
      CREATE TRIGGER watched AFTER UPDATE ON shop."Order" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION shop.touch();
      CREATE CONSTRAINT TRIGGER late AFTER DELETE ON shop."Order" DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION shop.touch();
      CREATE TRIGGER off BEFORE TRUNCATE ON shop."Order" EXECUTE FUNCTION shop.touch();
      ALTER TABLE shop."Order" DISABLE TRIGGER off;
      CREATE VIEW shop.open AS SELECT id FROM shop."Order";
      CREATE MATERIALIZED VIEW shop.sums AS SELECT count(*) AS n FROM shop."Order";
      CREATE POLICY own ON shop."Order" USING (customer > 0);
      CREATE RULE nothing AS ON DELETE TO shop.open DO INSTEAD NOTHING;
      CREATE STATISTICS shop.stats ON state, customer FROM shop."Order";
      CREATE COLLATION shop.plain (locale = 'C');
      CREATE TABLE shop.part (a int) PARTITION BY LIST (a);
      CREATE TABLE shop.part_1 PARTITION OF shop.part FOR VALUES IN (1);
      CREATE TABLE shop.part_2 (a int);
      ALTER TABLE shop.part ATTACH PARTITION shop.part_2 FOR VALUES IN (2);
      CREATE PUBLICATION news FOR TABLE shop."Order";
    `)
    expect(notPassed(found)).toEqual([])
    expect(found.length).toBeGreaterThan(30)
  })

  test('what it drops or renames is gone, what it leaves is as it leaves it', async () => {
    const found = await verify(
      `ALTER TABLE a RENAME TO b;
       ALTER TABLE b RENAME COLUMN x TO "y ""z""";
       ALTER TABLE b ADD COLUMN n numeric(8,2) NOT NULL DEFAULT 0, ALTER COLUMN t DROP NOT NULL, ALTER COLUMN t SET DEFAULT 'none';
       ALTER TABLE b ALTER COLUMN n TYPE numeric(10,2);
       ALTER TABLE b DROP COLUMN gone, DROP CONSTRAINT a_check;
       ALTER TABLE b ADD CONSTRAINT b_check CHECK (n >= 0) NOT VALID;
       ALTER TABLE b VALIDATE CONSTRAINT b_check;
       ALTER TABLE b ADD CONSTRAINT loose CHECK (n < 1000) NOT VALID;
       DROP INDEX a_index;
       DROP VIEW a_view;
       DROP FUNCTION f(int);
       DROP TABLE other;`,
      {
        before: `CREATE TABLE a (x int, t text NOT NULL, gone int, CONSTRAINT a_check CHECK (x > 0));
          CREATE INDEX a_index ON a (x); CREATE TABLE other (a int); CREATE VIEW a_view AS SELECT 1 AS n;
          CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      },
    )
    expect(notPassed(found)).toEqual([])
    expect(lines(found)).toEqual(
      expect.arrayContaining([
        'passed table a = absent',
        'passed column "y ""z""" on b = present',
        'passed column n on b = numeric(10,2) DEFAULT 0 NOT NULL',
        "passed column t on b = DEFAULT 'none' NULL allowed",
        'passed column gone on b = absent',
        'passed constraint b_check on b = CHECK (n >= 0), VALID',
        'passed constraint loose on b = CHECK (n < 1000), NOT VALID',
        'passed index a_index = absent',
        'passed function f(integer) = absent',
        'passed table other = absent',
      ]),
    )
  })

  test('what was taken away or changed behind its back is told', async () => {
    const found = await verify(
      `CREATE TABLE t (a int NOT NULL DEFAULT 1, b text, CONSTRAINT t_key UNIQUE (a));
       CREATE INDEX t_index ON t (b);
       CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
       CREATE TRIGGER t_trigger AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
       DROP TABLE old;`,
      {
        before: 'CREATE TABLE old (a int)',
        after: `ALTER TABLE t ALTER COLUMN a DROP NOT NULL, ALTER COLUMN b TYPE varchar(5), DROP CONSTRAINT t_key, DISABLE TRIGGER t_trigger;
          DROP INDEX t_index; CREATE INDEX t_index ON t (b, a); CREATE TABLE old (a int)`,
      },
    )
    expect(lines(found).filter((line) => !line.startsWith('passed'))).toEqual([
      'failed column a on t = integer DEFAULT 1',
      'failed column b on t = character varying(5)',
      'failed constraint t_key on t = missing',
      'failed index t_index on t = btree (b, a), VALID',
      'failed trigger t_trigger on t = disabled',
      'failed table old = present',
    ])
  })

  test('what IF NOT EXISTS or a guard found there already must be what the script means', async () => {
    const script = `
      CREATE TABLE IF NOT EXISTS t (a int NOT NULL, b text);
      CREATE INDEX IF NOT EXISTS t_index ON t (b);
      ALTER TABLE t ADD COLUMN IF NOT EXISTS c numeric;
      DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 't_check') THEN
          ALTER TABLE t ADD CONSTRAINT t_check CHECK (a > 0);
        END IF;
      END $$;
      CREATE TABLE IF NOT EXISTS v (a int);`
    const same = `CREATE TABLE t (a int NOT NULL, b text, c numeric, CONSTRAINT t_check CHECK (a > 0));
      CREATE INDEX t_index ON t (b); CREATE TABLE v (a int)`
    expect(notPassed(await verify(script, { before: same }))).toEqual([])
    const other = `CREATE TABLE t (a bigint, b text, c numeric(5), CONSTRAINT t_check CHECK (a > 100));
      CREATE INDEX t_index ON t USING hash (b); CREATE VIEW v AS SELECT 1 AS a`
    expect(notPassed(await verify(script, { before: other }))).toMatchObject([
      { object: 'a', actual: 'bigint' },
      { object: 't_index', actual: 'hash (b), VALID', reason: expect.stringContaining('already') },
      { object: 'c', actual: 'numeric(5,0)' },
      { object: 't_check', actual: 'CHECK (a > 100), VALID' },
      { object: 'v', actual: 'a view' },
    ])
  })

  test('a dropped name that a later schema of the search path has too is not judged', async () => {
    const found = await verify('DROP TABLE twin; DROP TABLE late.single;', {
      before: `CREATE SCHEMA early; CREATE SCHEMA late; CREATE TABLE early.twin (a int); CREATE TABLE late.twin (a int);
        CREATE TABLE late.single (a int); SET search_path = early, late`,
      searchPath: ['early', 'late'],
    })
    expect(lines(found)).toEqual([
      'not-checked table twin = present',
      'passed table single = absent',
    ])
  })

  test('inside the transaction of the migration, no lock is added and none waited for', async () => {
    const statements = parseScript(
      'migrations/1_a.sql',
      `ALTER TABLE t ADD CONSTRAINT t_key UNIQUE (a);
       CREATE INDEX t_index ON t (a) WHERE a > 0;
       CREATE VIEW v AS SELECT a FROM quiet;
       ALTER TABLE t ADD CONSTRAINT t_fkey FOREIGN KEY (a) REFERENCES quiet (a) NOT VALID;`,
    ).statements
    await withSession({ major }, async (session, database) => {
      await session.simple(
        'CREATE TABLE t (a int); CREATE TABLE quiet (a int PRIMARY KEY); CREATE SCHEMA s; CREATE TABLE s.t (a int CHECK (a > 0))',
      )
      const other = await database.connect()
      await other.query('BEGIN; LOCK TABLE s.t IN ACCESS EXCLUSIVE MODE')
      const locks = async () =>
        (
          await other.query(
            `SELECT relation::regclass::text, mode FROM pg_locks
              WHERE pid = $1 AND relation >= 16384 ORDER BY 1, 2`,
            [session.pid],
          )
        ).rows
      await session.simple('BEGIN; SET LOCAL lock_timeout = 500')
      for (const { text } of statements) await session.simple(text)
      const before = await locks()
      const scope = { searchPath: ['public', 's'], serverMajor: major }
      expect(
        notPassed(await verifyExpectations(session, netExpectations(statements), scope)),
      ).toEqual([])
      expect(before.length).toBeGreaterThan(3)
      expect(await locks()).toEqual(before)
      await session.simple('COMMIT')
    })
  })

  test('one round trip and one query a kind, however many objects', async () => {
    const tables = Array.from(
      { length: 30 },
      (_, n) => `CREATE TABLE t${n} (a int PRIMARY KEY, b text);`,
    )
    const { statements } = parseScript('migrations/1_a.sql', tables.join('\n'))
    await withSession({ major }, async (session) => {
      await session.simple(tables.join('\n'))
      const before = session.roundTrips
      const scope = { searchPath: ['public'], serverMajor: major }
      const expectations = netExpectations(statements)
      const found = await verifyExpectations(session, expectations, scope)
      expect(found).toHaveLength(120)
      expect(notPassed(found)).toEqual([])
      expect(session.roundTrips - before).toBe(1)
      expect(inquire(expectations, scope).queries).toHaveLength(3)
    })
  })

  test('kinds of which only the name is looked up', async () => {
    const where = { file: 'migrations/1_a.sql', line: 1, column: 1 }
    const named: readonly [ObjectRef['kind'], string | null, string][] = [
      ['schema', null, 'odd "schema"'],
      ['extension', null, 'citext'],
      ['event trigger', null, 'watch'],
      ['publication', null, 'news'],
      ['role', null, 'pg_monitor'],
      ['database', null, 'postgres'],
      ['tablespace', null, 'pg_default'],
      ['foreign data wrapper', null, 'wrapper'],
      ['foreign server', null, 'server'],
      ['language', null, 'plpgsql'],
      ['access method', null, 'btree'],
      ['statistics', 'odd "schema"', 'stats'],
      ['collation', 'odd "schema"', 'plain'],
      ['conversion', 'odd "schema"', 'conv'],
      ['type', 'odd "schema"', 'pair'],
      ['domain', 'odd "schema"', 'dom'],
      ['sequence', 'odd "schema"', 'seq'],
      ['view', 'odd "schema"', 'v'],
      ['materialized view', 'odd "schema"', 'm'],
      ['foreign table', 'odd "schema"', 'f'],
      ['aggregate', 'odd "schema"', 'total'],
    ]
    await withSession({ major }, async (session) => {
      await session.simple(`CREATE SCHEMA "odd ""schema"""; SET search_path = "odd ""schema""";
        CREATE EXTENSION citext SCHEMA public; CREATE PUBLICATION news; CREATE FOREIGN DATA WRAPPER wrapper;
        CREATE SERVER server FOREIGN DATA WRAPPER wrapper; CREATE FOREIGN TABLE f (a int) SERVER server;
        CREATE TABLE t (a int, b int); CREATE STATISTICS stats ON a, b FROM t; CREATE COLLATION plain (locale = 'C');
        CREATE CONVERSION conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8; CREATE TYPE pair AS (a int); CREATE DOMAIN dom AS int;
        CREATE SEQUENCE seq; CREATE VIEW v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
        CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
        CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watch ON sql_drop EXECUTE FUNCTION ev();
        ALTER EVENT TRIGGER watch DISABLE; CREATE POLICY own ON t; CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
        ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t DISABLE RULE r; CREATE TYPE mood AS ENUM ('it''s "ok"')`)
      const scope = { searchPath: ['public'], serverMajor: major }
      const here = named.map(([kind, schema, name]) => present({ kind, schema, name }))
      const gone = named.flatMap(([kind, schema, name]) => [
        absent({ kind, schema, name }),
        absent({ kind, schema, name: `${name} ` }),
        ...(schema === null ? [] : [absent({ kind, schema: 'public', name })]),
      ])
      const found = await verifyExpectations(session, [...here, ...gone], scope)
      const verdicts = found.map(({ kind, object, outcome }) => `${outcome} ${kind} ${object}`)
      expect(verdicts.slice(0, here.length).filter((line) => !line.startsWith('passed'))).toEqual(
        [],
      )
      expect(verdicts.slice(here.length).filter((line) => line.startsWith('failed'))).toHaveLength(
        named.length,
      )

      const t = ['odd "schema"', 't'] as const
      const others = await verifyExpectations(
        session,
        [
          present({ kind: 'event trigger', schema: null, name: 'watch' }, { enabled: 'D' }),
          present({ kind: 'event trigger', schema: null, name: 'watch' }, { enabled: 'O' }),
          present(member('policy', t, 'own')),
          present(member('policy', t, 'other')),
          present(member('rule', t, 'r'), { enabled: 'D' }),
          present(member('enum value', ['odd "schema"', 'mood'], 'it\'s "ok"')),
          present(member('enum value', ['odd "schema"', 'mood'], 'sad')),
          present(
            { kind: 'table', schema: 'odd "schema"', name: 't' },
            { rowSecurity: { enabled: true } },
          ),
          present(
            { kind: 'table', schema: 'odd "schema"', name: 't' },
            { rowSecurity: { forced: true } },
          ),
          present({ kind: 'operator', schema: null, name: '+' }),
        ],
        scope,
      )
      expect(lines(others)).toEqual([
        'passed event trigger watch = disabled',
        'failed event trigger watch = disabled',
        'passed policy own on "odd ""schema""".t = present',
        'failed policy other on "odd ""schema""".t = missing',
        'passed rule r on "odd ""schema""".t = disabled',
        `passed enum value 'it''s "ok"' on "odd ""schema""".mood = present`,
        `failed enum value 'sad' on "odd ""schema""".mood = missing`,
        'passed table "odd ""schema""".t = row security enabled',
        'failed table "odd ""schema""".t = not forced for the owner',
        'not-checked operator "+" = ',
      ])
      expect(others[0]?.where).toEqual(where)
    })
  })

  test('the recipe application: every migration and every verify script of it', async () => {
    await withSession({ major, template: 'recipe' }, async (session) => {
      const scope = { searchPath: ['public'], serverMajor: major }
      const counts: string[] = []
      for (const file of readdirSync('migrations')
        .filter((name) => name.endsWith('.sql'))
        .toSorted()) {
        const forward = parseScript(
          `migrations/${file}`,
          readFileSync(`migrations/${file}`, 'utf8'),
        )
        if (forward.source.includes('airlock: disabled')) continue
        for (const { text } of forward.statements) await session.simple(text)
        const path = `migrations/verify/${file.replace('.sql', '_verify.sql')}`
        const script = compileVerifyScript(parseScript(path, readFileSync(path, 'utf8')))
        const claims = await verifyExpectations(session, netExpectations(forward.statements), scope)
        const queries = await runVerifyScript(session, script, {
          lockTimeout: 1000,
          statementTimeout: 5000,
        })
        expect(notPassed([...claims, ...queries])).toEqual([])
        counts.push(
          ...claims
            .filter(({ actual }) => actual.endsWith(', VALID') || actual.endsWith(', enabled'))
            .map(({ kind }) => kind),
        )
        counts.push(...queries.map(({ kind }) => kind))
      }
      const count = (kind: string) => counts.filter((each) => each === kind).length
      expect([count('constraint'), count('index'), count('trigger')]).toEqual([11, 9, 1])
      expect(count('query')).toBeGreaterThanOrEqual(6)
    })
  })
})
