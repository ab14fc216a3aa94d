import { beforeAll, describe, expect, test } from '@jest/globals'
import { differenceOf, readFingerprint } from '../../src/observe/fingerprint.ts'
import { objectsByReference } from '../../src/observe/object-lookup.ts'
import { invert } from '../../src/plan/inverses.ts'
import type { Session } from '../../src/postgres/types.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { servers } from '../support/database.ts'
import { withSession } from '../verify/session.ts'
import { planOf } from './planning.ts'

beforeAll(loadParser)

const schema = `
  CREATE TABLE "Odd ""Name" (id int PRIMARY KEY, a int NOT NULL DEFAULT 7, b text, "select" int);
  CREATE TABLE u (id int PRIMARY KEY, a int, n int NOT NULL);
  ALTER TABLE u ADD CONSTRAINT old CHECK (a > 0) NOT VALID;
  COMMENT ON CONSTRAINT old ON u IS 'it''s old';
  CREATE UNIQUE INDEX u_a ON u (a) WHERE a > 5;
  CREATE UNIQUE INDEX plain ON u (n);
  CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1';
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER g BEFORE UPDATE OF a ON u FOR EACH ROW WHEN (new.a > 1) EXECUTE FUNCTION touch();
  ALTER TABLE u DISABLE TRIGGER g;
  CREATE VIEW v AS SELECT id, a FROM u WHERE a > 1;
  CREATE TYPE mood AS ENUM ('a', 'it''s');
  CREATE SCHEMA s;
  CREATE DOMAIN d AS int;
  CREATE TABLE p (k int) PARTITION BY LIST (k);
  CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2);
  CREATE TABLE p2 (k int);
  ALTER TABLE u ENABLE ROW LEVEL SECURITY;
  DO $$ BEGIN CREATE ROLE "odd role"; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
  GRANT SELECT, INSERT ON u TO "odd role";
  GRANT DELETE ON u TO "odd role" WITH GRANT OPTION;
  CREATE POLICY pol ON u FOR UPDATE USING (a > 1) WITH CHECK (a > 2);
`

const scripts: readonly string[] = [
  'ALTER TABLE "Odd ""Name" ADD COLUMN c serial, ADD CONSTRAINT "a.b" UNIQUE ("select", b);',
  'ALTER TABLE "Odd ""Name" ALTER a TYPE bigint, ALTER a DROP DEFAULT, ALTER a DROP NOT NULL;',
  'ALTER TABLE "Odd ""Name" ALTER b SET NOT NULL, ALTER b SET DEFAULT \'x\';',
  'ALTER TABLE "Odd ""Name" RENAME TO renamed; ALTER TABLE renamed RENAME a TO z; CREATE INDEX ON renamed (z);',
  'CREATE TABLE n (id int PRIMARY KEY, u int REFERENCES u, CHECK (u > 0)); CREATE INDEX ON n (u); ALTER TABLE n RENAME TO m;',
  'CREATE INDEX CONCURRENTLY i ON u (n); DROP INDEX CONCURRENTLY u_a;',
  'ALTER TABLE u VALIDATE CONSTRAINT old;',
  'ALTER TABLE u DROP CONSTRAINT IF EXISTS old, ADD CONSTRAINT old CHECK (a > 1);',
  'ALTER TABLE u ADD CONSTRAINT k UNIQUE USING INDEX plain;',
  'DROP TRIGGER g ON u; CREATE TRIGGER g AFTER INSERT ON u FOR EACH ROW EXECUTE FUNCTION touch();',
  'CREATE OR REPLACE TRIGGER g AFTER INSERT ON u FOR EACH ROW EXECUTE FUNCTION touch();',
  'ALTER TABLE u ENABLE ALWAYS TRIGGER g;',
  "CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 2';",
  'CREATE OR REPLACE VIEW v AS SELECT id, a, n FROM u;',
  'DROP VIEW v; DROP TYPE mood;',
  'CREATE VIEW w AS SELECT * FROM v; CREATE MATERIALIZED VIEW mw AS SELECT * FROM w;',
  'ALTER TABLE u SET SCHEMA s; CREATE INDEX si ON s.u (a);',
  'ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (3);',
  'ALTER TABLE p DETACH PARTITION p1;',
  'CREATE TABLE p3 PARTITION OF p FOR VALUES IN (4);',
  'ALTER TABLE u DISABLE ROW LEVEL SECURITY; DROP POLICY pol ON u;',
  'CREATE POLICY p2 ON u USING (true); ALTER TABLE u FORCE ROW LEVEL SECURITY;',
  "COMMENT ON TABLE u IS 'new'; COMMENT ON COLUMN u.a IS 'new'; COMMENT ON CONSTRAINT old ON u IS NULL;",
  "CREATE TYPE other AS ENUM ('x'); ALTER TYPE mood RENAME VALUE 'a' TO 'b'; CREATE DOMAIN e AS int CHECK (VALUE > 0);",
  'ALTER DOMAIN d ADD CONSTRAINT dc CHECK (VALUE > 0);',
  "CREATE SEQUENCE q; CREATE TABLE t (id int DEFAULT nextval('q')); ALTER SEQUENCE q OWNED BY t.id;",
  "CREATE SCHEMA x; CREATE TABLE x.y (id int); CREATE FUNCTION x.h(a int, text) RETURNS int LANGUAGE sql AS 'SELECT 1';",
  'ALTER TABLE u ALTER n ADD GENERATED ALWAYS AS IDENTITY;',
  'ALTER TABLE p2 ADD PRIMARY KEY (k);',
  'GRANT SELECT, UPDATE ON u TO PUBLIC, "odd role"; REVOKE INSERT ON u FROM "odd role";',
  'CREATE SCHEMA IF NOT EXISTS s; GRANT ALL ON v TO PUBLIC; REVOKE ALL ON FUNCTION f(int) FROM PUBLIC; GRANT USAGE ON SCHEMA s TO PUBLIC;',
  'CREATE RULE r AS ON DELETE TO u DO INSTEAD NOTHING; CREATE STATISTICS st ON a, n FROM u;',
]

/** What a script's inverses left different, as lines; a script that changes nothing proves nothing. */
async function leftBy(sql: string, session: Session): Promise<readonly string[]> {
  const before = await readFingerprint(session)
  const { steps } = planOf(sql, { serverMajor: session.serverMajor })
  const statements = steps.flatMap((step) => step.statements.map(({ statement }) => statement))
  for (const { text } of statements) await session.simple(text)
  const changed = differenceOf(before, await readFingerprint(session))
  const inversion = invert(
    statements.flatMap(({ effects }) => effects),
    objectsByReference(before, ['public']),
  )
  for (const { sql: inverse } of inversion.statements) await session.simple(inverse)
  return [
    ...(changed.length === 0 ? ['nothing was changed'] : []),
    ...inversion.irreversible.map(({ why }) => why),
    ...differenceOf(before, await readFingerprint(session)),
  ]
}

describe('the inverses of each script restore the catalog', () => {
  test.each(servers().map(({ major }) => major))(
    'on PostgreSQL %i',
    async (major) => {
      await withSession({ major }, async (session) => {
        const left: Record<string, readonly string[]> = {}
        await session.simple(schema)
        for (const sql of scripts) {
          const lines = await leftBy(sql, session).catch((error: unknown) => [String(error)])
          if (lines.length === 0) continue
          left[sql] = lines
          await session.simple('DROP SCHEMA IF EXISTS public, s, x CASCADE; CREATE SCHEMA public')
          await session.simple(schema)
        }
        expect(left).toEqual({})
      })
    },
    60_000,
  )
})
