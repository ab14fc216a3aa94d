import { beforeAll, describe, expect, test } from '@jest/globals'
import { compareExpressions, writtenExpression } from '../../src/sql/expression.ts'
import { parseExpression } from '../../src/sql/fragment.ts'
import { loadParser } from '../../src/sql/parser.ts'
import type { TreeNode } from '../../src/sql/tree/types.ts'
import { servers, withDatabase } from '../support/database.ts'

const TABLE = `
  CREATE EXTENSION pg_trgm;
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  CREATE TABLE t (
    i integer, b bigint, s smallint, n numeric(10,2), f double precision, t text, v varchar(40), c char(3),
    d date, ts timestamp, tz timestamptz, iv interval, flag boolean, j jsonb, u uuid, m mood, a integer[], ta text[],
    "Mixed Case" integer, "order" integer, x integer, y integer, cit inet
  )`

/** CHECK expressions as people write them. */
const CHECKS: readonly string[] = [
  'i > 0',
  'i>0 AND i<10',
  '(i > 0) and ((b > 0) and (s > 0))',
  'n > 0',
  'n >= 0.5',
  'n > -1',
  'n >= -1.5 or n is null',
  'i != 3',
  'i <> -3',
  'b > 5000000000',
  'b > 0',
  's > 0',
  'f > 0',
  'f >= 0.5',
  'i * n > 100',
  'i + 1 > s - 2',
  'i BETWEEN 1 AND 10',
  'i NOT BETWEEN 1 AND 10',
  'i between symmetric 10 and 1',
  'n between 0 and 100 and i > 0',
  'i IN (1, 2, 3)',
  'i in (1)',
  'i NOT IN (1, 2)',
  'n IN (1, 2.5)',
  'b in (1, 2)',
  'i IN (x, y)',
  'i in (1, 2, x)',
  "t IN ('a', 'b')",
  "v IN ('a', 'b')",
  "v not in ('a', 'b')",
  "v = 'a'",
  "v::text = 'a'",
  "c = 'abc'",
  "t <> ''",
  "t LIKE 'a%'",
  "v LIKE 'a%'",
  "v NOT LIKE 'a%'",
  "t ILIKE '%x%'",
  "t !~~* 'x'",
  "t ~ '^[a-z]+$'",
  "v !~ '\\d'",
  "t SIMILAR TO 'a|b'",
  "t LIKE 'a!%' ESCAPE '!'",
  'length(t) <= 20',
  'char_length(v) BETWEEN 1 AND 20',
  'character_length(trim(t)) > 0',
  'lower(v) = v',
  "upper(t) <> 'X'",
  "trim(both 'x' from t) <> ''",
  'substring(t from 1 for 2) = upper(substring(t from 1 for 2))',
  "position('@' in t) > 1",
  'flag',
  'NOT flag',
  'flag IS TRUE',
  'flag is not false',
  'flag = true',
  "flag = 't'",
  'i IS NOT NULL',
  'i ISNULL',
  'NOT (i IS NULL AND b IS NULL)',
  'i IS DISTINCT FROM 3',
  'i is not distinct from x',
  'i is distinct from null',
  'coalesce(i, 0) > 0',
  'COALESCE(n, 0) >= 0',
  "coalesce(v, '') <> 'x'",
  'greatest(n, 0) < 10',
  'nullif(i, 0) is not null',
  'num_nonnulls(i, b, s) = 1',
  '(i IS NULL) = (b IS NULL)',
  '(i is null) <> (b is null)',
  "d > '2020-01-01'",
  "d > date '2020-01-01'",
  'd <= ts',
  'ts < tz',
  'tz > now()',
  'tz > CURRENT_TIMESTAMP',
  'd >= current_date',
  "tz - interval '1 day' < now()",
  "tz > now() - '5 minutes'::interval",
  "tz > now() - interval '2 weeks 90 minutes'",
  "iv < '1 year 2 months'",
  'extract(year from d) > 2000',
  "date_part('year', d) > 2000",
  "date_trunc('day', ts) = ts",
  "tz AT TIME ZONE 'UTC' > ts",
  "m = 'ok'",
  "m IN ('ok', 'happy')",
  "m <> 'sad'::mood",
  "j ? 'a'",
  "j -> 'a' is not null",
  "(j ->> 'a')::int > 3",
  'j @> \'{"a": 1}\'',
  "jsonb_typeof(j) = 'object'",
  "j #>> '{a,b}' = 'x'",
  "u <> '00000000-0000-0000-0000-000000000000'",
  'a[1] > 0',
  'a[1:2] is not null',
  'i = ANY (a)',
  'i = any(array[1,2])',
  "t = any (array['a','b'])",
  "ta <@ array['a','b']",
  'array_length(a, 1) > 0',
  'cardinality(a) < 5',
  '"Mixed Case" > 0',
  't."Mixed Case" > "order"',
  '(x, y) = (1, 2)',
  '(x, y) <> (1, 2)',
  '(x, y) < (1, 2)',
  'row(x, y) is not null',
  'CASE WHEN i > 0 THEN b > 0 ELSE true END',
  "case t when 'a' then 1 when 'b' then 2 end = 1",
  'i % 2 = 0',
  'i / 2 > 1',
  '-i < 3',
  '@ i < 3',
  'i::numeric > 1.5',
  'i::text <> t',
  't COLLATE "C" > \'a\'',
  "cit << '10.0.0.0/8'",
  'i & 1 = 1',
  'round(n, 1) = n',
  "i > '0'",
  'pg_catalog.length(t) > 1',
  "t = E'a\\nb'",
  "t = 'it''s'",
  'i operator(pg_catalog.>) 0',
  "(v || 'x') <> 'x'",
  'char_length((v)::text) > 0',
]

/** The server adds casts to these that would mean something else on columns of other types. */
const UNPROVABLE: readonly string[] = ['n > f', 'n = round(n * 100) / 100', 'n / 2 > 1']

const DEFAULTS: readonly (readonly [string, string])[] = [
  ['integer', '0'],
  ['integer', '-1'],
  ['bigint', '0'],
  ['numeric(10,2)', '0'],
  ['numeric(10,2)', '1.50'],
  ['double precision', '0'],
  ['text', "'x'"],
  ['text', "'x'::text"],
  ['varchar(20)', "'draft'"],
  ['varchar(20)', "'draft'::varchar"],
  ['boolean', 'false'],
  ['boolean', "'f'"],
  ['timestamptz', 'now()'],
  ['timestamptz', 'CURRENT_TIMESTAMP'],
  ['timestamp(3)', 'current_timestamp'],
  ['date', 'CURRENT_DATE'],
  ['date', "'2020-01-01'"],
  ['interval', "'1 day'"],
  ['interval', "interval '90 minutes'"],
  ['jsonb', "'{}'"],
  ['jsonb', "'[]'::jsonb"],
  ['text[]', "'{}'"],
  ['text[]', "ARRAY['a','b']"],
  ['integer[]', 'array[]::integer[]'],
  ['uuid', 'gen_random_uuid()'],
  ['mood', "'ok'"],
  ['text', 'NULL'],
  ['text', 'current_user'],
  ['text', '(random() * 10)::text'],
  ['text', 'md5(random()::text)'],
  ['timestamptz', "now() + interval '7 days'"],
  ['timestamp', "timezone('utc', now())"],
  ['timestamp', "(now() at time zone 'utc')"],
]

beforeAll(loadParser)

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('an expression as written equals the server’s deparse of it', async () => {
    await withDatabase({ major }, async ({ query }) => {
      await query(TABLE)
      const failures: string[] = []
      for (const written of CHECKS) {
        await query(`ALTER TABLE t ADD CONSTRAINT k CHECK (${written})`)
        const [row] = await query<{ text: string }>(
          "SELECT pg_get_expr(conbin, conrelid) AS text FROM pg_constraint WHERE conname = 'k'",
        )
        await query('ALTER TABLE t DROP CONSTRAINT k')
        failures.push(...unequal(written, row?.text ?? ''))
      }
      for (const [type, written] of DEFAULTS) {
        await query(`ALTER TABLE t ADD COLUMN q ${type} DEFAULT ${written}`)
        const [row] = await query<{ text: string | null }>(
          "SELECT pg_get_expr(adbin, adrelid) AS text FROM pg_attrdef WHERE adrelid = 't'::regclass",
        )
        await query('ALTER TABLE t DROP COLUMN q')
        failures.push(...unequal(written, row?.text ?? 'NULL'))
      }
      expect(failures).toEqual([])
    })
  })

  test('a cast that may change the meaning leaves the answer open', async () => {
    await withDatabase({ major }, async ({ query }) => {
      await query(TABLE)
      for (const written of UNPROVABLE) {
        await query(`ALTER TABLE t ADD CONSTRAINT k CHECK (${written})`)
        const [row] = await query<{ text: string }>(
          "SELECT pg_get_expr(conbin, conrelid) AS text FROM pg_constraint WHERE conname = 'k'",
        )
        await query('ALTER TABLE t DROP CONSTRAINT k')
        expect([written, compareExpressions(written, row?.text ?? '')]).toEqual([
          written,
          'unknown',
        ])
      }
    })
  })
})

function unequal(written: string, stored: string): string[] {
  const sameness = compareExpressions(writtenExpression(treeOf(written)), stored)
  return sameness === 'same' ? [] : [`${written} → ${stored}: ${sameness}`]
}

function treeOf(sql: string): TreeNode {
  const tree = parseExpression(sql)
  if (tree === null) throw new Error(`${sql} is no expression`)
  return tree
}

const DIFFERENT: readonly (readonly [string, string, 'different' | 'unknown'])[] = [
  ['a > 0', 'a >= 0', 'different'],
  ['a > 0', 'b > 0', 'different'],
  ['a > 0', 'a > 1', 'different'],
  ['a > 0', 'a < 0', 'different'],
  ['a > 0 and b > 0', 'a > 0', 'different'],
  ['a > 0 and b > 0', 'a > 0 or b > 0', 'different'],
  ['a is null', 'a is not null', 'different'],
  ['not a', 'a', 'different'],
  ["a in ('x','y')", "a in ('x','y','z')", 'different'],
  ["a in ('x','y')", "a in ('x','Y')", 'different'],
  ["a in ('x','y')", "a not in ('x','y')", 'unknown'],
  ["a = 'x'", "a = 'y'::text", 'different'],
  ["a = 'x'", "(a)::text = 'y'::text", 'different'],
  ['"A" > 0', 'a > 0', 'different'],
  ['a between 1 and 2', 'a between 1 and 3', 'different'],
  ['a / 2 > 0', '(a)::numeric / (2)::numeric > 0', 'unknown'],
  ["d > '2020-01-01 10:00'::date", "d > '2020-01-01 10:00'::timestamp", 'unknown'],
  ["d > '2020-01-01'", "d > '2021-01-01'::date", 'unknown'],
  ['lower(a) = a', 'upper(a) = a', 'unknown'],
  ['length(a) > 1', 'length(b) > 1', 'different'],
  ['now()', 'CURRENT_TIMESTAMP', 'unknown'],
  ["interval '1 day'", "'2 days'::interval", 'unknown'],
  ["a like 'x%'", "a ilike 'x%'", 'unknown'],
  ['coalesce(a, 0) > 0', 'coalesce(a, 1) > 0', 'different'],
  ['a + b > 0', 'a - b > 0', 'unknown'],
  ['a::int > 0', 'a > 0', 'unknown'],
  ['old.a = new.a', 'new.a = old.a', 'different'],
  ['a = public.f(b)', 'a = f(b)', 'unknown'],
  ['a = \'x\' collate "C"', 'a = \'x\' collate "de_DE"', 'unknown'],
  ['case when a then 1 else 2 end', 'case when a then 1 end', 'unknown'],
]

test.each(DIFFERENT)('%s is never taken for %s', (one, other, sameness) => {
  expect(compareExpressions(one, other)).toBe(sameness)
})

test('an expression in one spelling parses to itself', () => {
  for (const written of CHECKS) {
    const text = writtenExpression(treeOf(written))
    expect(writtenExpression(treeOf(text))).toBe(text)
  }
})

test('what is no single expression is never the same as anything', () => {
  for (const sql of ['', 'a, b', 'a b', 'a FROM t', '1; SELECT 2', '(', 'a WHERE b']) {
    expect([parseExpression(sql), compareExpressions(sql, sql)]).toEqual([null, 'unknown'])
  }
})
