import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { readKnownObjects } from '../../src/checks/preflight/data/catalog.ts'
import { derivePrechecks, namesOf, precheckRequests } from '../../src/plan/prechecks.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import type { CheckReport } from '../../src/report/types.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { planOf } from '../plan/planning.ts'
import { server, servers, type TestDatabase, withDatabase } from '../support/database.ts'
import { type EngineResult, runEngine, until } from '../support/engine.ts'

const million = 1_000_000

const constraints = `
alter table "Order line" add constraint "Order line_product" foreign key ("productId") references "Product" (id);
create unique index concurrently "Order line_key" on "Order line" ("orderId", "position");
alter table "Order line" add constraint positive check ("unitPrice" > 0);
`

/** A million rows, and in them what the brief of a bad night holds: 3 orphans, 2 duplicates, 1 negative price. */
async function plantBadData({ query }: TestDatabase): Promise<void> {
  await query('create table "Product" (id int primary key)')
  await query('insert into "Product" select generate_series(1, 1000)')
  await query(
    'create table "Order line" (id int primary key, "orderId" int, "position" int, "productId" int, "unitPrice" numeric(10, 2))',
  )
  await query(
    `insert into "Order line" select n, n / 4, n % 4, case when n in (7, 500000, 999999) then -n else n % 1000 + 1 end,
       case when n = 4711 then -1 else 9.99 end from generate_series(1, ${million}) as n`,
  )
  await query(
    `insert into "Order line" values (${million + 1}, 25, 1, 1, 1), (${million + 2}, 25, 2, 1, 1)`,
  )
  await query('analyze')
}

const dataChecks = ({ report }: EngineResult): CheckReport[] =>
  report.checks.filter(({ group }) => group === 'data')

const lineOf = ({ id, outcome, actual }: CheckReport): string =>
  `${id} ${outcome}: ${actual.replace(/, as of .*/, '')}`

beforeAll(loadParser)

describe('bad data among a million rows', () => {
  test('is all found before the first change, with examples, while writers go on', async () => {
    await withDatabase({}, async (database) => {
      await plantBadData(database)
      const watch = watchLocks(database)
      const started = performance.now()
      const result = await runEngine(database, 'deploy', {
        files: { '0_first': 'create table first (id int)', '1_constraints': constraints },
        gates: { preflight: { 'data-examples': 2 } },
      })
      const took = performance.now() - started
      const modes = await watch()
      expect([result.report.outcome, result.report.exitCode]).toEqual(['refused', 1])
      expect(dataChecks(result).map(lineOf)).toEqual([
        'data.foreign-key failed: 3 orphaned rows',
        'data.unique failed: 2 values that occur more than once',
        'data.check failed: 1 row',
      ])
      const [orphans, duplicates, negative] = dataChecks(result)
      expect(orphans?.details).toHaveLength(2)
      expect(orphans?.details?.[0]).toMatch(/^id = (7|500000|999999), "productId" = -\d+$/)
      expect(duplicates?.details?.toSorted()).toEqual([
        '"orderId" = 25, "position" = 1, rows = 2',
        '"orderId" = 25, "position" = 2, rows = 2',
      ])
      expect(negative?.details).toEqual(['id = 4711, "unitPrice" = -1.00'])
      // The budget that holds where none is given.
      expect(took).toBeLessThan(30_000)
      expect(modes).toEqual(['AccessShareLock'])
      const [made] = await database.query(
        `select to_regclass('first') as first, to_regnamespace('airlock') as journal`,
      )
      expect(made).toEqual({ first: null, journal: null })
    })
  })

  test('is searched by queries that only read', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table "Product" (id int primary key)')
      await database.query(
        'create table "Order line" (id int primary key, "orderId" int, "position" int, "productId" int, "unitPrice" numeric(10, 2))',
      )
      const nodes: string[] = []
      for (const sql of await queriesOf(database, constraints)) {
        const [row] = await database.query<{ 'QUERY PLAN': unknown }>(
          `explain (format json) ${sql}`,
        )
        nodes.push(...nodeTypes(row?.['QUERY PLAN']))
      }
      expect(nodes.length).toBeGreaterThan(3)
      expect(nodes.filter((node) => /LockRows|ModifyTable/.test(node))).toEqual([])
    })
  })
})

describe('the recipe application', () => {
  const folder = new URL('../../../migrations/', import.meta.url)
  const files = Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith('.sql'))
      .map((name) => [name.replace(/\.sql$/, ''), readFileSync(new URL(name, folder), 'utf8')]),
  )

  test('has no orphaned records and no invalid data, as its runbook asks', async () => {
    await withDatabase({ template: 'recipe' }, async (database) => {
      const result = await runEngine(database, 'plan', { files })
      expect(
        dataChecks(result).map(({ id, outcome, title }) => `${outcome} ${id}: ${title}`),
      ).toEqual([
        'passed data.foreign-key: Orphans of "Company" ("ownerId")',
        'passed data.foreign-key: Orphans of "ProductionPlan" ("createdBy")',
        'passed data.foreign-key: Orphans of "ProductionTask" ("assignedTo")',
        'passed data.foreign-key: Orphans of "InventoryMovement" ("createdBy")',
        'passed data.unique: Duplicates in "RecipeItem" ("recipeId", "ingredientId")',
        'passed data.unique: Duplicates in "RecipeSection" ("recipeId", "order")',
        'passed data.check: Rows of "Recipe" against recipe_selling_price_positive',
        'passed data.check: Rows of "Ingredient" against ingredient_pack_price_positive',
        'passed data.check: Rows of "Recipe" against recipe_yield_quantity_positive',
        'passed data.check: Rows of "RecipeItem" against recipe_item_quantity_positive',
        'not-checked data.check: Rows of "Recipe" against recipe_category_consistency_check',
      ])
      expect(dataChecks(result).at(-1)?.reason).toMatch(
        /backfill\.sql:\d+ changes these rows first/,
      )
    })
  })
})

describe('a replica for the data prechecks', () => {
  const files = { '1_check': 'alter table t add check (a > 0)' }
  const planWith = (database: TestDatabase, url: string) =>
    runEngine(database, 'plan', { files, gates: { preflight: { 'replica-url': url } } })

  test('is asked instead of the target, and what it is gets said', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int)')
      const [check] = dataChecks(await planWith(database, database.url))
      expect(check?.outcome).toBe('passed')
      expect(check?.actual).toMatch(/leads to the primary itself/)
    })
  })

  test('that is down leaves everything not checked', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int)')
      const result = await planWith(database, 'postgresql://127.0.0.1:1/none')
      expect(result.report.outcome).toBe('planned')
      expect(dataChecks(result).map(({ outcome, reason }) => [outcome, reason])).toEqual([
        ['not-checked', expect.stringMatching(/ECONNREFUSED/)],
      ])
    })
  })

  const [other] = servers()
  const clusters = other !== undefined && other.major !== server().major ? test : test.skip
  clusters('of another cluster is not believed', async () => {
    await withDatabase({}, async (database) => {
      await withDatabase({ major: other?.major ?? 0 }, async (elsewhere) => {
        await database.query('create table t (a int)')
        const [check] = dataChecks(await planWith(database, elsewhere.url))
        expect([check?.outcome, check?.reason]).toEqual([
          'not-checked',
          expect.stringMatching(/another cluster/),
        ])
      })
    })
  })
})

test('a question is cancelled on request, and nothing has begun', async () => {
  await withDatabase({}, async (database) => {
    await database.query('create table t (a int); insert into t values (1)')
    const started = performance.now()
    const { report } = await runEngine(database, 'deploy', {
      files: { '1_check': 'alter table t add check (a > 0 and pg_sleep(20) is not null)' },
      on: (event, stop) => {
        if (event.type === 'phase' && event.title === 'Preflight checks') setTimeout(stop, 500)
      },
    })
    expect([report.outcome, report.migrations[0]?.outcome]).toEqual(['cancelled', 'not-run'])
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(await database.query(`select to_regnamespace('airlock') as journal`)).toEqual([
      { journal: null },
    ])
  })
})

test('a question to a replica is cancelled there, where the target’s role may not', async () => {
  await withDatabase({}, async (database) => {
    const role = `asks_a_replica_${process.pid}`
    await database.query(
      `create role ${role} login password 'asks'; grant create on database "${database.name}" to ${role};
       create table t (a int); insert into t values (1); alter table t owner to ${role}`,
    )
    try {
      const target = new URL(database.url)
      target.username = role
      target.password = 'asks'
      const started = performance.now()
      const { report } = await runEngine(database, 'deploy', {
        url: target.href,
        files: { '1_check': 'alter table t add check (a > 0 and pg_sleep(20) is not null)' },
        // A superuser's sessions are not for others to cancel.
        gates: { preflight: { 'replica-url': database.url } },
        on: (event, stop) => {
          if (event.type === 'phase' && event.title === 'Preflight checks') {
            void until(() =>
              database.query(
                `select 1 from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock % data'
                 and query like '%pg_sleep(20)%' and state = 'active'`,
              ),
            ).then(stop)
          }
        },
      })
      expect([report.outcome, report.migrations[0]?.outcome]).toEqual(['cancelled', 'not-run'])
      expect(performance.now() - started).toBeLessThan(10_000)
      expect(
        await database.query(
          `select application_name from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock%'`,
        ),
      ).toEqual([])
    } finally {
      await database.query(`drop owned by ${role} cascade; drop role ${role}`)
    }
  })
})

/** Lock modes on user tables of the sessions that ask, seen until the returned function is called. */
function watchLocks(database: TestDatabase): () => Promise<readonly string[]> {
  const modes = new Set<string>()
  let watching = true
  const watched = (async () => {
    while (watching) {
      const rows = await database.query<{ mode: string }>(
        `select distinct mode from pg_locks join pg_stat_activity using (pid)
         where application_name like 'pg-airlock % data' and relation >= 16384`,
      )
      for (const { mode } of rows) modes.add(mode)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  return async () => {
    watching = false
    await watched
    return [...modes]
  }
}

async function queriesOf(database: TestDatabase, sql: string): Promise<readonly string[]> {
  const session = await connect(resolveConnection({ url: database.url, env: {} }), {
    name: 'test',
    applicationName: 'test',
    settings: { search_path: '' },
  })
  try {
    const requests = precheckRequests([planOf(sql)])
    const known = await readKnownObjects(session, namesOf(requests))
    const { serverMajor } = session
    return derivePrechecks(requests, { known, searchPath: ['public'], serverMajor }).flatMap(
      ({ derived }) => ('ask' in derived ? derived.ask.sql : []),
    )
  } finally {
    await session.close()
  }
}

function nodeTypes(plan: unknown): string[] {
  return [...JSON.stringify(plan).matchAll(/"Node Type":"([^"]+)"/g)].map(([, type]) => type ?? '')
}
