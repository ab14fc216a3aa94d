import { describe, expect, test } from '@jest/globals'
import { generateData } from '../../scripts/generate-data.ts'
import { servers, type TestDatabase, withDatabase } from '../support/database.ts'
import { readText } from './psql.ts'

const tables = [
  'Company',
  'Ingredient',
  'InventoryMovement',
  'Notification',
  'ProductionHistory',
  'ProductionPlan',
  'ProductionTask',
  'Recipe',
  'RecipeCategory',
  'RecipeItem',
  'RecipeSection',
  'SalesRecord',
  'User',
  'WholesaleOrder',
]

async function fill(database: TestDatabase, rows: number): Promise<void> {
  await database.query(readText('docs/db/schema.sql'))
  for (const statement of generateData(rows)) await database.query(statement)
}

/** One hash of all rows of all tables. */
async function contents({ query }: TestDatabase): Promise<Record<string, unknown>[]> {
  const parts = tables.map(
    (table) =>
      `SELECT '${table}' AS name, count(*)::int AS rows, md5(string_agg(t::text, '|' ORDER BY t::text COLLATE "C")) AS hash FROM "${table}" AS t`,
  )
  const withoutClock = parts.join(' UNION ALL ')
  return query(`${withoutClock} ORDER BY 1`)
}

describe('the generator of data', () => {
  test('gives the same rows on every major', async () => {
    const pictures = await Promise.all(
      servers().map(({ major }) =>
        withDatabase({ major }, async (database) => {
          await fill(database, 4000)
          return contents(database)
        }),
      ),
    )
    for (const picture of pictures) expect(picture).toEqual(pictures[0])
  })

  test.each([100, 4000])(
    'about %i rows: every foreign key holds, though none was checked',
    async (rows) => {
      await withDatabase({}, async (database) => {
        await fill(database, rows)
        const keys = await database.query<{ table: string; name: string; definition: string }>(
          `SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
           FROM pg_constraint WHERE contype = 'f'`,
        )
        expect(keys.length).toBeGreaterThan(15)
        for (const { table, name, definition } of keys) {
          await database.query(
            `ALTER TABLE ${table} DROP CONSTRAINT ${name}, ADD CONSTRAINT ${name} ${definition}`,
          )
        }
      })
    },
  )

  test('an ordinary user can fill a database too', async () => {
    await withDatabase({}, async (database) => {
      await database.query(
        `CREATE ROLE baker_${database.name}; GRANT ALL ON SCHEMA public TO baker_${database.name}`,
      )
      await database.query('CREATE EXTENSION pg_trgm')
      await database.query(`SET ROLE baker_${database.name}`)
      await database.query(readText('docs/db/schema.sql'))
      for (const statement of generateData(400)) await database.query(statement)
      expect(await database.query('SELECT count(*)::int AS recipes FROM "Recipe"')).toEqual([
        { recipes: 10 },
      ])
      await database.query(
        `RESET ROLE; DROP OWNED BY baker_${database.name} CASCADE; DROP ROLE baker_${database.name}`,
      )
    })
  })

  test.each([100, 4000, 40_000])('fills every table, about %i rows in all', async (rows) => {
    await withDatabase({}, async (database) => {
      await fill(database, rows)
      const counts = (await contents(database)).map((each) => Number(each.rows))
      expect(Math.min(...counts)).toBeGreaterThan(0)
      const total = counts.reduce((sum, count) => sum + count, 0)
      expect(total).toBeGreaterThan(rows * 0.7)
      if (rows > 1000) expect(total).toBeLessThan(rows * 1.3)
    })
  })
})
