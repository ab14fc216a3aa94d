import { beforeAll, describe, expect, test } from '@jest/globals'
import { doBlockEffects, hasSubtransactions } from '../../src/sql/do-block.ts'
import { effectsOf } from '../../src/sql/effects.ts'
import { quoteName } from '../../src/sql/identifier.ts'
import { loadParser, parseSql } from '../../src/sql/parser.ts'
import { parseScript } from '../../src/sql/script.ts'
import type { Effect } from '../../src/sql/types.ts'
import { type TestDatabase, withDatabase } from '../support/database.ts'

beforeAll(loadParser)

function effectsIn(body: string): readonly Effect[] {
  const [statement] = parseSql(`DO $do$ ${body} $do$`)
  return doBlockEffects(statement?.node ?? {}, effectsOf, { searchPath: null })
}

/** 'create index i' and, in brackets, 'sure' for a guarded effect with a certain outcome or why there is none. */
function storyOf(body: string): string[] {
  return effectsIn(body)
    .filter(({ op }) => op !== 'read')
    .map(({ op, object, guarded, reason }) => {
      const what = op === 'unknown' ? op : `${op} ${object.kind} ${object.name}`
      const how = reason ?? (guarded ? 'sure' : undefined)
      return how === undefined ? what : `${what} [${how}]`
    })
}

const addC = 'ALTER TABLE t ADD CONSTRAINT c UNIQUE (a)'
const exists = "EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'c')"

describe('static SQL in a DO block', () => {
  test('counts as if it stood in the file', () => {
    expect(storyOf(`BEGIN ${addC}; CREATE INDEX i ON t (a); END`)).toEqual([
      'create constraint c',
      'create index i',
    ])
  })

  test('is found in nested blocks, branches, loops and cursors', () => {
    const body = `DECLARE r record; BEGIN
      BEGIN UPDATE a SET x = 1; END;
      CASE WHEN x THEN UPDATE b SET x = 1; ELSE UPDATE c SET x = 1; END CASE;
      WHILE x LOOP UPDATE d SET x = 1; END LOOP;
      FOR i IN 1..3 LOOP UPDATE e SET x = 1; END LOOP;
      FOR r IN SELECT 1 LOOP UPDATE f SET x = 1; END LOOP;
      FOREACH x IN ARRAY y LOOP UPDATE g SET x = 1; END LOOP;
      IF x THEN NULL; ELSIF y THEN UPDATE h SET x = 1; ELSE UPDATE i SET x = 1; END IF;
      END`.replace('DECLARE', 'DECLARE x int; y int[];')
    expect(storyOf(body)).toEqual([
      'update table a',
      'update table b [behind CASE]',
      'update table c [behind CASE]',
      'update table d [behind a loop]',
      'update table e [behind a loop]',
      'update table f [behind a loop]',
      'update table g [behind a loop]',
      'update table h [behind ELSE of IF x]',
      'update table i [behind ELSE of IF x]',
    ])
  })

  test('EXECUTE of a constant is static SQL, of anything else unknown', () => {
    expect(storyOf("BEGIN EXECUTE 'CREATE INDEX i ON t (a)'; END")).toEqual(['create index i'])
    expect(storyOf("BEGIN EXECUTE 'CREATE INDEX ' || n; END")).toEqual(['unknown [EXECUTE]'])
    expect(storyOf("BEGIN EXECUTE format('CREATE INDEX %I', n); END")).toEqual([
      'unknown [EXECUTE]',
    ])
  })

  test('calls of functions are unknown, in PERFORM, assignments, conditions and defaults', () => {
    const unknown = 'unknown [function call f()]'
    expect(storyOf('BEGIN PERFORM f(); END')).toEqual([unknown])
    expect(storyOf('DECLARE n int; BEGIN n := f(); END')).toEqual([unknown])
    expect(storyOf('DECLARE n int := f(); BEGIN END')).toEqual([unknown])
    expect(storyOf('BEGIN IF f() THEN NULL; END IF; END')).toEqual([unknown])
    expect(storyOf('DECLARE n int; BEGIN n := length(md5(random()::text)); END')).toEqual([])
  })

  test('of another language is unknown', () => {
    const [statement] = parseSql("DO LANGUAGE plpython3u 'x'")
    expect(doBlockEffects(statement?.node ?? {}, effectsOf, { searchPath: null })).toMatchObject([
      { op: 'unknown', reason: 'DO in plpython3u' },
    ])
  })

  test('that needs the catalog to be read is unknown, not refused', () => {
    expect(storyOf('DECLARE r public.t%ROWTYPE; BEGIN r.a := 1; END')).toEqual([
      'unknown [a DO block that only the server can read]',
    ])
  })
})

describe('guards', () => {
  test.each([
    ['IF NOT EXISTS', `IF NOT ${exists} THEN ${addC}; END IF`],
    ['IF NOT (EXISTS)', `IF NOT (${exists}) THEN ${addC}; END IF`],
    ['IF EXISTS … ELSE', `IF ${exists} THEN NULL; ELSE ${addC}; END IF`],
    ['an early RETURN', `IF ${exists} THEN RETURN; END IF; ${addC}`],
    [
      'count(*) = 0',
      `IF (SELECT count(*) FROM pg_constraint WHERE conname = 'c') = 0 THEN ${addC}; END IF`,
    ],
    [
      'IF NOT FOUND',
      `PERFORM 1 FROM pg_constraint WHERE conname = 'c'; IF NOT FOUND THEN ${addC}; END IF`,
    ],
    ['a variable', `SELECT ${exists} INTO known; IF NOT known THEN ${addC}; END IF`],
    ['NOT IN', `IF NOT 'c' IN (SELECT conname FROM pg_constraint) THEN ${addC}; END IF`],
    [
      'IS NULL',
      `IF (SELECT oid FROM pg_constraint WHERE conname = 'c') IS NULL THEN ${addC}; END IF`,
    ],
    ['duplicate_object', `BEGIN ${addC}; EXCEPTION WHEN duplicate_object THEN NULL; END`],
    [
      'duplicate_table or a notice',
      `BEGIN ${addC}; EXCEPTION WHEN duplicate_table OR SQLSTATE '42710' THEN RAISE NOTICE 'x'; END`,
    ],
  ])('%s before a creation leaves it certain', (_, body) => {
    expect(storyOf(`DECLARE known boolean; BEGIN ${body}; END`)).toEqual([
      'create constraint c [sure]',
    ])
  })

  test('to_regclass IS NULL before a table leaves the table and its parts certain', () => {
    const story = storyOf(
      `BEGIN IF to_regclass('public."T"') IS NULL THEN CREATE TABLE "T" (a int); END IF; END`,
    )
    expect(story).toEqual(['create table T [sure]', 'create column a [sure]'])
  })

  test('IF EXISTS before a drop leaves it certain', () => {
    const body = `IF ${exists} THEN ALTER TABLE t DROP CONSTRAINT c; END IF`
    expect(storyOf(`BEGIN ${body}; END`)).toEqual(['drop constraint c [sure]'])
  })

  test.each([
    [
      'another object',
      `IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'x') THEN ${addC}; END IF`,
      'behind a condition on other objects',
    ],
    [
      'the wrong way round',
      `IF ${exists} THEN ${addC}; END IF`,
      'behind a condition on other objects',
    ],
    [
      'the data',
      `IF NOT EXISTS (SELECT FROM t WHERE a = 'c') THEN ${addC}; END IF`,
      "behind IF NOT EXISTS (SELECT FROM t WHERE a = 'c')",
    ],
    [
      'more than existence',
      `IF NOT ${exists} AND n > 1 THEN ${addC}; END IF`,
      /^behind IF NOT EXISTS .*…$/,
    ],
    [
      'two objects',
      `IF NOT ${exists} AND EXISTS (SELECT FROM pg_class WHERE relname = 't') THEN ${addC}; END IF`,
      'behind a condition on other objects',
    ],
    [
      'any error',
      `BEGIN ${addC}; EXCEPTION WHEN OTHERS THEN NULL; END`,
      'behind EXCEPTION WHEN others',
    ],
    [
      'several statements in one handler',
      `BEGIN UPDATE t SET a = 1; ${addC}; EXCEPTION WHEN duplicate_object THEN NULL; END`,
      'behind EXCEPTION WHEN duplicate_object, with other statements',
    ],
    [
      'several changes of one ALTER in one handler',
      `BEGIN ${addC}, ADD CONSTRAINT c2 UNIQUE (b); EXCEPTION WHEN duplicate_object THEN NULL; END`,
      'behind an exception handler',
    ],
    [
      'a RETURN for another reason',
      `IF n > 1 THEN RETURN; END IF; ${addC}`,
      'behind ELSE of IF n > 1',
    ],
    ['an EXIT', `<<b>> BEGIN EXIT b WHEN n > 1; ${addC}; END`, 'behind EXIT WHEN'],
  ])('a guard on %s leaves the creation in doubt', (_, body, reason) => {
    const found = effectsIn(`DECLARE n int; BEGIN ${body}; END`).find(
      ({ object }) => object.name === 'c',
    )
    expect(found?.guarded).toBe(true)
    expect(found?.reason).toEqual(
      typeof reason === 'string' ? reason : expect.stringMatching(reason),
    )
  })

  test.each([
    "NOT EXISTS (SELECT FROM pg_constraint WHERE conname IN ('c', 'd'))",
    "NOT EXISTS (SELECT FROM pg_constraint WHERE conname LIKE 'c')",
    "NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'c' OR conname = 'd')",
    "NOT EXISTS (SELECT FROM pg_constraint WHERE conname <> 'c')",
    "NOT EXISTS (SELECT FROM pg_constraint, t WHERE conname = 'c')",
    "NOT EXISTS (SELECT FROM pg_class UNION SELECT FROM pg_constraint WHERE conname = 'c')",
  ])('IF %s is more than a question for one object', (condition) => {
    const [effect] = effectsIn(`BEGIN IF ${condition} THEN ${addC}; END IF; END`).filter(
      ({ op }) => op === 'create',
    )
    expect(effect?.reason).toMatch(/^behind IF/)
  })

  test('a drop of what has more properties than its name stays in doubt', () => {
    const condition = "EXISTS (SELECT FROM pg_constraint WHERE conname = 'c' AND NOT convalidated)"
    const body = `BEGIN IF ${condition} THEN ALTER TABLE t DROP CONSTRAINT c; END IF; END`
    expect(storyOf(body)).toEqual([expect.stringMatching(/^drop constraint c \[behind IF/)])
  })

  test.each([
    "NOT EXISTS (SELECT 1 FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace WHERE n.nspname = 'public' AND r.relname = 't' AND c.conname = 'c' AND c.contype IN ('u', 'p'))",
    "NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'c' AND conrelid = (SELECT oid FROM pg_class WHERE relname = 't'))",
    "NOT EXISTS (SELECT * FROM information_schema.table_constraints WHERE table_schema = current_schema() AND table_name = 't' AND constraint_name = 'c')",
    "NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conname = 'c' AND conrelid = 'public.t'::regclass)",
  ])('IF %s asks for one object', (condition) => {
    expect(storyOf(`BEGIN IF ${condition} THEN ${addC}; END IF; END`)).toEqual([
      'create constraint c [sure]',
    ])
  })

  test('a handler that raises again guards nothing', () => {
    for (const raise of ['RAISE', "RAISE EXCEPTION 'no'"]) {
      const body = `BEGIN ${addC}; EXCEPTION WHEN duplicate_object THEN ${raise}; END`
      expect(storyOf(body)).toEqual(['create constraint c'])
    }
  })

  test('a guard ends with its branch and its block', () => {
    const body = `BEGIN
      IF NOT ${exists} THEN ${addC}; END IF;
      BEGIN ${addC}; EXCEPTION WHEN OTHERS THEN NULL; END;
      CREATE INDEX i ON t (a);
      END`
    expect(storyOf(body).at(-1)).toBe('create index i')
  })
})

describe('on a server', () => {
  /** Bodies about one object: run where it is and where it isn't. */
  const bodies = [
    `IF NOT ${exists} THEN ${addC}; END IF`,
    `IF ${exists} THEN RETURN; END IF; ${addC}`,
    `BEGIN ${addC}; EXCEPTION WHEN duplicate_table THEN NULL; END`,
    `PERFORM 1 FROM pg_constraint WHERE conname = 'c'; IF NOT FOUND THEN ${addC}; END IF`,
    `IF ${exists} THEN ALTER TABLE t DROP CONSTRAINT c; END IF`,
    'BEGIN ALTER TABLE t DROP CONSTRAINT c; EXCEPTION WHEN undefined_object THEN NULL; END',
    "IF to_regclass('c') IS NULL THEN CREATE INDEX c ON t (a); END IF",
    `BEGIN CREATE INDEX c ON t (a); EXCEPTION WHEN duplicate_table THEN RAISE NOTICE 'there'; END`,
  ]

  test('what is called certain is true afterwards, whether the object was there or not', async () => {
    await withDatabase({}, async (database) => {
      for (const body of bodies) {
        const [effect, ...more] = effectsIn(`BEGIN ${body}; END`).filter(({ op }) => op !== 'read')
        expect([body, effect?.guarded, effect?.reason, more]).toEqual([body, true, undefined, []])
        for (const before of ['', addC]) {
          await database.query(`DROP TABLE IF EXISTS t; CREATE TABLE t (a int); ${before}`)
          await database.query(`DO $do$ BEGIN ${body}; END $do$`)
          expect([body, before, await isThere(database)]).toEqual([
            body,
            before,
            effect?.op === 'create',
          ])
        }
      }
    })
  })

  async function isThere({ query }: TestDatabase): Promise<boolean> {
    const name = quoteName({ schema: 'public', name: 'c' })
    const [row] = await query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [
      name,
    ])
    return row?.found === true
  }
})

test('EXCEPTION blocks are subtransactions', () => {
  const has = (body: string) => hasSubtransactions(parseSql(`DO $do$ ${body} $do$`)[0]?.node ?? {})
  expect(has('BEGIN BEGIN NULL; EXCEPTION WHEN OTHERS THEN NULL; END; END')).toBe(true)
  expect(has("BEGIN RAISE EXCEPTION 'exception when'; END")).toBe(false)
})

test('the search path follows what a DO block sets', () => {
  const source = `DO $$ BEGIN SET search_path = app; CREATE INDEX i ON t (a); END $$; CREATE TABLE u ();`
  const effects = parseScript('a.sql', source).statements.flatMap((statement) => statement.effects)
  const schemas = effects.flatMap(({ op, object }) => (op === 'create' ? [object.schema] : []))
  expect(schemas).toEqual(['app', 'app'])
})
