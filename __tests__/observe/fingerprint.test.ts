import { describe, expect, test } from '@jest/globals'
import {
  deserialise,
  differenceOf,
  readFingerprint,
  serialise,
} from '../../src/observe/fingerprint.ts'
import type { Session } from '../../src/postgres/types.ts'
import { failureOf, withSessions } from '../postgres/sessions.ts'
import { oldestAndNewest, servers } from '../support/database.ts'

/** One of everything, with names that need quotes. */
const everything = `
  CREATE SCHEMA "Other Schema";
  CREATE TABLE "Recipe" (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "Näme.x" varchar(20) NOT NULL DEFAULT 'a' COLLATE "C" UNIQUE,
    price numeric(10,2) CHECK (price > 0),
    total numeric GENERATED ALWAYS AS (price * 2) STORED,
    parent int REFERENCES "Recipe" ON DELETE CASCADE
  );
  CREATE INDEX "an index" ON "Recipe" (lower("Näme.x")) WHERE price > 1;
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
  CREATE FUNCTION add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT a + b';
  CREATE PROCEDURE work() LANGUAGE sql AS 'SELECT 1';
  CREATE AGGREGATE own_sum (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
  CREATE TRIGGER "tr x" BEFORE INSERT ON "Recipe" FOR EACH ROW WHEN (NEW.price > 0) EXECUTE FUNCTION touch();
  CREATE VIEW v AS SELECT id, price FROM "Recipe";
  CREATE MATERIALIZED VIEW mv AS SELECT count(*) AS n FROM "Recipe";
  CREATE SEQUENCE s START 5 INCREMENT 2;
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE TYPE pair AS (a int, b text);
  CREATE TYPE span AS RANGE (subtype = int);
  CREATE DOMAIN positive AS int DEFAULT 1 CONSTRAINT above CHECK (VALUE > 0);
  ALTER TABLE "Recipe" ENABLE ROW LEVEL SECURITY;
  CREATE POLICY p ON "Recipe" FOR SELECT TO public USING (price > 0);
  CREATE RULE r AS ON DELETE TO v DO INSTEAD NOTHING;
  CREATE TABLE part (a int, b text) PARTITION BY RANGE (a);
  CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
  CREATE STATISTICS st (dependencies) ON a, b FROM part_1;
  CREATE PUBLICATION pub FOR TABLE "Recipe";
  CREATE EXTENSION pg_trgm;
  CREATE EXTENSION postgres_fdw;
  CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h');
  CREATE FOREIGN TABLE ft (a int) SERVER far;
  CREATE USER MAPPING FOR public SERVER far;
  CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
  CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION watch();
  ALTER EVENT TRIGGER et DISABLE;
  CREATE COLLATION col (provider = libc, locale = 'C');
  CREATE TEXT SEARCH CONFIGURATION tsc (COPY = pg_catalog.simple);
  COMMENT ON COLUMN "Recipe".price IS 'in euros';
`

/** Each undone by the second statement; the third is what the difference must say. */
const changes: readonly (readonly [string, string, RegExp])[] = [
  ['CREATE TABLE n (a int)', 'DROP TABLE n', /^\+ table public\.n$/],
  [
    'ALTER TABLE "Recipe" ADD COLUMN c text',
    'ALTER TABLE "Recipe" DROP COLUMN c',
    /^\+ column public\."Recipe"\.c: text$/,
  ],
  [
    'ALTER TABLE "Recipe" ALTER price SET NOT NULL',
    'ALTER TABLE "Recipe" ALTER price DROP NOT NULL',
    /price: not null false → true$/,
  ],
  [
    'ALTER TABLE "Recipe" ALTER price SET DEFAULT 1',
    'ALTER TABLE "Recipe" ALTER price DROP DEFAULT',
    /price: default none → 1$/,
  ],
  [
    'ALTER TABLE "Recipe" ALTER price SET STATISTICS 5',
    'ALTER TABLE "Recipe" ALTER price SET STATISTICS -1',
    /price: statistics target none → 5$/,
  ],
  [
    'ALTER TABLE "Recipe" ALTER "Näme.x" SET STORAGE EXTERNAL',
    'ALTER TABLE "Recipe" ALTER "Näme.x" SET STORAGE EXTENDED',
    /"Näme\.x": storage none → external$/,
  ],
  [
    'ALTER TABLE "Recipe" ADD CONSTRAINT k CHECK (id > 0) NOT VALID',
    'ALTER TABLE "Recipe" DROP CONSTRAINT k',
    /^\+ constraint public\."Recipe"\.k: CHECK .* NOT VALID \(not valid\)$/,
  ],
  [
    'ALTER TABLE "Recipe" RENAME CONSTRAINT "Recipe_price_check" TO z',
    'ALTER TABLE "Recipe" RENAME CONSTRAINT z TO "Recipe_price_check"',
    /^- constraint public\."Recipe"\."Recipe_price_check": CHECK/,
  ],
  [
    'CREATE INDEX i2 ON "Recipe" (price) INCLUDE (id)',
    'DROP INDEX i2',
    /^\+ index public\.i2: CREATE INDEX i2 ON public\."Recipe" USING btree \(price\) INCLUDE \(id\)$/,
  ],
  [
    'ALTER TABLE "Recipe" DISABLE TRIGGER "tr x"',
    'ALTER TABLE "Recipe" ENABLE TRIGGER "tr x"',
    /^~ trigger public\."Recipe"\."tr x": enabled enabled → disabled$/,
  ],
  [
    'ALTER TABLE "Recipe" DISABLE TRIGGER ALL',
    'ALTER TABLE "Recipe" ENABLE TRIGGER ALL',
    /constraint .*parent_fkey": triggers none → disabled$/,
  ],
  [
    'ALTER TABLE "Recipe" FORCE ROW LEVEL SECURITY',
    'ALTER TABLE "Recipe" NO FORCE ROW LEVEL SECURITY',
    /force row security none → forced$/,
  ],
  [
    'ALTER TABLE "Recipe" SET (fillfactor = 70)',
    'ALTER TABLE "Recipe" RESET (fillfactor)',
    /options none → fillfactor=70$/,
  ],
  [
    'ALTER TABLE "Recipe" REPLICA IDENTITY FULL',
    'ALTER TABLE "Recipe" REPLICA IDENTITY DEFAULT',
    /replica identity none → full$/,
  ],
  [
    'GRANT SELECT ON "Recipe" TO public',
    'REVOKE SELECT ON "Recipe" FROM public',
    /^~ table public\."Recipe": privileges .* → =r\/postgres/,
  ],
  [
    'GRANT SELECT (price) ON "Recipe" TO public',
    'REVOKE SELECT (price) ON "Recipe" FROM public',
    /price: privileges none → =r\/postgres$/,
  ],
  [
    'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO public',
    'ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM public',
    /^~ schema public: default privileges none → postgres on tables: =r\/postgres$/,
  ],
  ['COMMENT ON TABLE "Recipe" IS \'x\'', 'COMMENT ON TABLE "Recipe" IS NULL', /comment none → x$/],
  [
    "CREATE OR REPLACE FUNCTION add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT a - b'",
    "CREATE OR REPLACE FUNCTION add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT a + b'",
    /^~ function public\.add\(a integer, b integer\): definition/,
  ],
  [
    "CREATE FUNCTION add(text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    'DROP FUNCTION add(text)',
    /^\+ function public\.add\(text\)/,
  ],
  [
    'CREATE OR REPLACE VIEW v AS SELECT id, price FROM "Recipe" WHERE id > 1',
    'CREATE OR REPLACE VIEW v AS SELECT id, price FROM "Recipe"',
    /^~ view public\.v: definition/,
  ],
  [
    'ALTER SEQUENCE s INCREMENT 3',
    'ALTER SEQUENCE s INCREMENT 2',
    /^~ sequence public\.s: increment 2 → 3$/,
  ],
  [
    'ALTER DOMAIN positive SET DEFAULT 2',
    'ALTER DOMAIN positive SET DEFAULT 1',
    /^~ domain public\.positive: default 1 → 2$/,
  ],
  [
    'ALTER DOMAIN positive DROP CONSTRAINT above',
    'ALTER DOMAIN positive ADD CONSTRAINT above CHECK (VALUE > 0)',
    /^- constraint public\.positive\.above: CHECK/,
  ],
  [
    'ALTER TYPE pair ADD ATTRIBUTE c int',
    'ALTER TYPE pair DROP ATTRIBUTE c',
    /^\+ column public\.pair\.c: integer$/,
  ],
  [
    'ALTER POLICY p ON "Recipe" USING (price > 5)',
    'ALTER POLICY p ON "Recipe" USING (price > 0)',
    /^~ policy public\."Recipe"\.p: using/,
  ],
  [
    'ALTER TABLE part DETACH PARTITION part_1',
    'ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES FROM (0) TO (10)',
    /partition bound FOR VALUES FROM \(0\) TO \(10\) → none$/,
  ],
  [
    'ALTER PUBLICATION pub ADD TABLE part_1',
    'ALTER PUBLICATION pub DROP TABLE part_1',
    /^~ publication pub: tables public\."Recipe" → public\."Recipe", public\.part_1$/,
  ],
  [
    'ALTER EVENT TRIGGER et ENABLE',
    'ALTER EVENT TRIGGER et DISABLE',
    /^~ event trigger et: enabled disabled → enabled$/,
  ],
  ['CREATE EXTENSION btree_gin', 'DROP EXTENSION btree_gin', /^\+ extension btree_gin$/],
  [
    "ALTER SERVER far OPTIONS (SET host 'g')",
    "ALTER SERVER far OPTIONS (SET host 'h')",
    /^~ foreign server far: options host=h → host=g$/,
  ],
  [
    'DROP STATISTICS st',
    'CREATE STATISTICS st (dependencies) ON a, b FROM part_1',
    /^- statistics public\.st: CREATE STATISTICS/,
  ],
  [
    'CREATE RULE r2 AS ON INSERT TO v DO INSTEAD NOTHING',
    'DROP RULE r2 ON v',
    /^\+ rule public\.v\.r2: CREATE RULE/,
  ],
  ['CREATE SCHEMA "n s"', 'DROP SCHEMA "n s"', /^\+ schema "n s"$/],
  [
    'CREATE CAST (mood AS int) WITH INOUT',
    'DROP CAST (mood AS int)',
    /^\+ cast \(public\.mood AS integer\)$/,
  ],
]

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('every change is seen, and its opposite restores the hash', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer', { unlimited: true })
      const worker = await open('worker')
      await worker.simple(everything)
      const before = await readFingerprint(observer)
      expect(before).toMatchObject({ serverMajor: major, unread: [], stable: true })
      for (const [change, undo, said] of changes) {
        await worker.simple(change)
        const changed = await readFingerprint(observer)
        expect({
          change,
          lines: differenceOf(before, changed).filter((line) => said.test(line)),
        }).toEqual({
          change,
          lines: [expect.any(String)],
        })
        await worker.simple(undo)
        const after = await readFingerprint(observer)
        expect({ undo, lines: differenceOf(before, after) }).toEqual({ undo, lines: [] })
        expect(after.hash).toBe(before.hash)
      }
    })
  })

  test('an invalid index differs from a valid one', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer')
      const worker = await open('worker')
      await worker.simple('CREATE TABLE t AS SELECT 1 AS a UNION ALL SELECT 1')
      await failureOf(worker.simple('CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)'))
      const invalid = await readFingerprint(observer)
      expect(invalid.objects.get('index public.i')).toMatchObject({
        kind: 'index',
        schema: 'public',
        name: 'i',
        table: 't',
        attributes: {
          valid: 'false',
          definition: 'CREATE UNIQUE INDEX i ON public.t USING btree (a)',
        },
      })
      await worker.simple('DELETE FROM t')
      await worker.simple('REINDEX INDEX i')
      expect(differenceOf(invalid, await readFingerprint(observer))).toContain(
        '~ index public.i: valid false → true',
      )
    })
  })

  test('what is no part of the catalog does not count', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer')
      const worker = await open('worker')
      await worker.simple(everything)
      const before = await readFingerprint(observer)
      await worker.simple(`SELECT nextval('s'); INSERT INTO part VALUES (1, 'x'); CREATE TEMP TABLE tmp (a int);
        CREATE SCHEMA airlock; CREATE TABLE airlock.runs (id int PRIMARY KEY); ANALYZE`)
      await worker.simple('VACUUM part')
      expect(differenceOf(before, await readFingerprint(observer))).toEqual([])
    })
  })
})

describe.each(oldestAndNewest())('PostgreSQL $major: reading it', ({ major }) => {
  test('settings of the role or the database do not change it, nor does it change the session', async () => {
    await withSessions({ major, template: 'recipe' }, async ({ open }) => {
      const plain = await open('observer')
      const odd = await open('odd', {
        settings: {
          search_path: 'public, pg_catalog',
          timezone: 'Asia/Tokyo',
          datestyle: 'German',
          intervalstyle: 'iso_8601',
          quote_all_identifiers: 'on',
        },
      })
      await odd.simple(
        "CREATE TABLE t (a timestamptz DEFAULT '2026-01-02 03:04:05+00', b interval DEFAULT '1 day 2 hours')",
      )
      expect((await readFingerprint(odd)).hash).toBe((await readFingerprint(plain)).hash)
      expect((await odd.query('SHOW search_path')).rows).toEqual([['public, pg_catalog']])
      expect(odd.takeNotices().notices).toEqual([])
      expect(odd.transaction).toBe('idle')
    })
  })

  test('it survives being stored', async () => {
    await withSessions({ major, template: 'recipe' }, async ({ open }) => {
      const fingerprint = await readFingerprint(await open('observer'))
      const restored = deserialise(serialise(fingerprint))
      expect(restored).toEqual(fingerprint)
      expect(differenceOf(fingerprint, restored)).toEqual([])
      expect(() => deserialise(serialise(fingerprint).replace('public', 'publik'))).toThrow('hash')
    })
  })

  test('a role without any privilege reads the same', async () => {
    await withSessions({ major }, async ({ database, open }) => {
      const owner = await open('observer')
      await owner.simple(everything)
      const role = `reader_${database.name}`
      await owner.simple(`CREATE ROLE ${role}`)
      try {
        const all = await readFingerprint(owner)
        await owner.simple(`SET ROLE ${role}`)
        expect((await readFingerprint(owner)).hash).toBe(all.hash)
        await owner.simple('RESET ROLE')
        await owner.simple('REVOKE SELECT ON pg_policy FROM public')
        await owner.simple(`SET ROLE ${role}`)
        const less = await readFingerprint(owner)
        expect(less.unread).toEqual(['policies'])
        expect(less.objects.size).toBe(all.objects.size - 1)
      } finally {
        await owner.simple(`RESET ROLE; DROP ROLE ${role}`)
      }
    })
  })

  test('DISCARD ALL on the session does no harm', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer')
      const { hash } = await readFingerprint(observer)
      const before = observer.roundTrips
      await readFingerprint(observer)
      expect(observer.roundTrips - before).toBe(1)
      await observer.simple('DISCARD ALL')
      expect((await readFingerprint(observer)).hash).toBe(hash)
    })
  })

  test('it leaves no lock behind and is not held up for long by one', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer')
      const worker = await open('worker')
      await worker.simple(everything)
      await readFingerprint(observer)
      await worker.simple("SET lock_timeout = '1s'")
      await worker.simple('BEGIN; LOCK TABLE "Recipe" IN ACCESS EXCLUSIVE MODE')
      expect(await failureOf(readFingerprint(observer))).toMatchObject({ code: '55P03' })
      await worker.simple('ROLLBACK')
      expect(observer.transaction).toBe('idle')
    })
  })

  test('changes while it is read are noticed and it is read again', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer')
      const worker = await open('worker')
      await worker.simple('CREATE TABLE t (a int)')
      let done = false
      const noise = churn(worker, () => done)
      const pictures = []
      try {
        for (let time = 0; time < 5; time++) pictures.push(await readFingerprint(observer))
      } finally {
        done = true
        await noise
      }
      // A table is never seen with an index but without the column that it was made with.
      for (const { objects, stable } of pictures) {
        if (stable) expect(objects.has('index public.t_b')).toBe(objects.has('column public.t.b'))
      }
    })
  })
})

async function churn(worker: Session, isDone: () => boolean): Promise<void> {
  while (!isDone()) {
    await worker.simple('BEGIN; ALTER TABLE t ADD COLUMN b int; CREATE INDEX t_b ON t (b); COMMIT')
    await worker.simple('ALTER TABLE t DROP COLUMN b')
  }
}

test('two thousand tables are read in well under a second', async () => {
  await withSessions({}, async ({ open }) => {
    const observer = await open('observer')
    const worker = await open('worker')
    for (let batch = 0; batch < 20; batch++) {
      await worker.simple(
        `DO $$ BEGIN FOR i IN ${batch * 100}..${batch * 100 + 99} LOOP EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, a text NOT NULL, b numeric DEFAULT 1, c timestamptz)', i); END LOOP; END $$`,
      )
    }
    await worker.simple('ANALYZE')
    await readFingerprint(observer)
    const start = performance.now()
    const { objects } = await readFingerprint(observer)
    const took = performance.now() - start
    expect(objects.size).toBeGreaterThan(12_000)
    // 500 ms is the aim on an idle machine; tests share theirs.
    expect(took).toBeLessThan(3000)
  })
})

test('fingerprints of two major versions do not compare', async () => {
  const [one, other] = servers()
  if (one === undefined || other === undefined) return
  await withSessions({ major: one.major }, async (first) => {
    await withSessions({ major: other.major }, async (second) => {
      const before = await readFingerprint(await first.open('observer'))
      const after = await readFingerprint(await second.open('observer'))
      expect(() => differenceOf(before, after)).toThrow('do not compare')
    })
  })
})
