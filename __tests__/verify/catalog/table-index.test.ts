import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Expectation } from '../../../src/plan/types.ts'
import { loadParser } from '../../../src/sql/parser.ts'
import type { IndexDefinition } from '../../../src/sql/types.ts'
import { verifyExpectations } from '../../../src/verify/expectations.ts'
import { servers } from '../../support/database.ts'
import { absent, index, member, present } from '../expected.ts'
import { withSession } from '../session.ts'

const schema = `
  CREATE EXTENSION pg_trgm;
  CREATE TABLE "Recipe" (id int, name text, "createdAt" timestamptz, active boolean, kind varchar(20), tags text[]);
  CREATE INDEX "idx by ""name""" ON "Recipe" USING gin (name gin_trgm_ops);
  CREATE INDEX idx_created ON "Recipe" ("createdAt" DESC NULLS LAST, id) INCLUDE (name) WHERE active;
  CREATE UNIQUE INDEX idx_lower ON "Recipe" (lower(name), kind varchar_pattern_ops);
  CREATE INDEX idx_collate ON "Recipe" (name COLLATE "C");
  CREATE INDEX ON "Recipe" (kind);
  CREATE SCHEMA "other.schema"; CREATE TABLE "other.schema".t (a int); CREATE INDEX "order" ON "other.schema".t (a);
`

beforeAll(loadParser)

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  async function outcomes(expectations: readonly Expectation[], more = ''): Promise<string[]> {
    return withSession({ major }, async (session) => {
      await session.simple(schema)
      if (more !== '') await session.simple(more).catch(() => {})
      const scope = { searchPath: ['public'], serverMajor: major }
      const found = await verifyExpectations(session, expectations, scope)
      return found.map(({ outcome, actual }) => `${outcome}: ${actual}`)
    })
  }

  const on = (name: string | null, definition: IndexDefinition) =>
    present(member('index', 'Recipe', name), { index: definition })

  test('method, keys, order, operator class, collation, INCLUDE and the predicate are compared', async () => {
    const created = { column: 'createdAt', descending: true, nullsFirst: false }
    const covering = { include: ['name'], predicate: 'active' }
    expect(
      await outcomes([
        on(
          'idx by "name"',
          index([{ column: 'name', opclass: 'gin_trgm_ops' }], { method: 'gin' }),
        ),
        on(
          'idx by "name"',
          index([{ column: 'name', opclass: 'public.gin_trgm_ops' }], { method: 'gin' }),
        ),
        on('idx by "name"', index(['name'])),
        on('idx_created', index([created, 'id'], covering)),
        on('idx_created', index(['createdAt', 'id'], covering)),
        on('idx_created', index([created, 'id'], { predicate: 'active' })),
        on('idx_created', index([created, 'id'], { include: ['name'] })),
        on(
          'idx_lower',
          index(
            [{ expression: 'lower(name)' }, { column: 'kind', opclass: 'varchar_pattern_ops' }],
            { unique: true },
          ),
        ),
        on('idx_lower', index([{ expression: 'lower(name)' }, 'kind'], { unique: true })),
        on(
          'idx_lower',
          index([
            { expression: 'lower(name)' },
            { column: 'kind', opclass: 'varchar_pattern_ops' },
          ]),
        ),
        on('idx_collate', index([{ column: 'name', collation: '"C"' }])),
        on('idx_collate', index(['name'])),
        on('idx_nothing', index(['name'])),
      ]),
    ).toEqual([
      'passed: gin (name gin_trgm_ops), VALID',
      'passed: gin (name public.gin_trgm_ops), VALID',
      'failed: gin (name gin_trgm_ops), VALID',
      'passed: btree ("createdAt" DESC NULLS LAST, id) INCLUDE (name) WHERE (active), VALID',
      'failed: btree ("createdAt" DESC NULLS LAST, id) INCLUDE (name) WHERE (active), VALID',
      'failed: btree ("createdAt" DESC NULLS LAST, id) INCLUDE (name) WHERE (active), VALID',
      'failed: btree ("createdAt" DESC NULLS LAST, id) INCLUDE (name) WHERE (active), VALID',
      'passed: UNIQUE btree (lower(name), kind varchar_pattern_ops), VALID',
      'failed: UNIQUE btree (lower(name), kind varchar_pattern_ops), VALID',
      'failed: UNIQUE btree (lower(name), kind varchar_pattern_ops), VALID',
      'passed: btree (name COLLATE "C"), VALID',
      'failed: btree (name COLLATE "C"), VALID',
      'failed: missing',
    ])
  })

  test('the index that a failed concurrent build leaves is INVALID', async () => {
    const leftover = `INSERT INTO "Recipe" (id) VALUES (1), (1)`
    await withSession({ major }, async (session) => {
      await session.simple(schema)
      await session.simple(leftover)
      await expect(
        session.simple('CREATE UNIQUE INDEX CONCURRENTLY idx_half ON "Recipe" (id)'),
      ).rejects.toThrow('could not create unique index')
      const scope = { searchPath: ['public'], serverMajor: major }
      const half = on('idx_half', index(['id'], { unique: true }))
      expect(await verifyExpectations(session, [half], scope)).toMatchObject([
        { expected: 'UNIQUE btree (id), VALID', actual: 'INVALID', outcome: 'failed' },
      ])
    })
  })

  test('one without a name is found by its table and structure', async () => {
    expect(await outcomes([on(null, index(['kind'])), on(null, index(['tags']))])).toEqual([
      'passed: btree (kind), VALID',
      'failed: missing',
    ])
  })

  test('one that IF NOT EXISTS kept must be the one expected', async () => {
    const kept = { ...on('idx_collate', index(['kind'])), mayPreexist: true }
    await withSession({ major }, async (session) => {
      await session.simple(schema)
      const scope = { searchPath: ['public'], serverMajor: major }
      expect(await verifyExpectations(session, [kept], scope)).toMatchObject([
        {
          expected: 'btree (kind), VALID',
          actual: 'btree (name COLLATE "C"), VALID',
          outcome: 'failed',
          reason: expect.stringContaining('was there already'),
        },
      ])
    })
  })

  test('a dropped one is looked up by its own name, for DROP INDEX names no table', async () => {
    const gone = absent({ kind: 'index', schema: 'other.schema', name: 'order' })
    expect(await outcomes([gone])).toEqual(['failed: present'])
    expect(await outcomes([gone], 'DROP INDEX "other.schema"."order"')).toEqual(['passed: absent'])
  })

  test('NULLS NOT DISTINCT counts (15)', async () => {
    if (major < 15) return
    const more = 'CREATE UNIQUE INDEX idx_nulls ON "Recipe" (id) NULLS NOT DISTINCT'
    const wanted = (nullsNotDistinct: boolean) =>
      on('idx_nulls', index(['id'], { unique: true, nullsNotDistinct }))
    expect(await outcomes([wanted(true), wanted(false)], more)).toEqual([
      'passed: UNIQUE btree (id) NULLS NOT DISTINCT, VALID',
      'failed: UNIQUE btree (id) NULLS NOT DISTINCT, VALID',
    ])
  })

  test('that of a partitioned table is not checked while partitions lack theirs', async () => {
    const more = `
      CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
      CREATE INDEX p_only ON ONLY p (a); CREATE INDEX p_all ON p (a)`
    const p = (name: string) => present(member('index', 'p', name), { index: index(['a']) })
    expect(await outcomes([p('p_only'), p('p_all')], more)).toEqual([
      'not-checked: INVALID',
      'passed: btree (a), VALID',
    ])
  })
})
