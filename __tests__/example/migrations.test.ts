import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createDatabase, servers, type TestDatabase, withDatabase } from '../support/database.ts'
import { migrationNames, readText, runFile, statementsOf } from './psql.ts'

/** Those that run by default: the clean-up is disabled. */
const enabled = migrationNames().slice(0, 6)
const cleanUp = 'migrations/20250122160000_clean_up_recipe_category_fields.sql'

const constraintsOfRunbook = [
  'Company_ownerId_fkey',
  'InventoryMovement_createdBy_fkey',
  'ProductionPlan_createdBy_fkey',
  'ProductionTask_assignedTo_fkey',
  'RecipeItem_recipeId_ingredientId_key',
  'RecipeSection_recipeId_order_key',
  'ingredient_pack_price_positive',
  'recipe_category_consistency_check',
  'recipe_item_quantity_positive',
  'recipe_selling_price_positive',
  'recipe_yield_quantity_positive',
]
const indexesOfRunbook = [
  'idx_inventory_movement_history',
  'idx_notification_unread',
  'idx_production_history_company_date_recipe',
  'idx_recipe_description_trgm',
  'idx_recipe_list_covering',
  'idx_recipe_method_trgm',
  'idx_recipe_name_trgm',
  'idx_sales_record_analytics',
  'idx_wholesale_order_status_date',
]

async function migrate(database: TestDatabase): Promise<void> {
  for (const name of enabled) await runFile(database, `migrations/${name}.sql`)
}

/** Everything that the six may change in the catalog, as text. */
async function picture({ query }: TestDatabase): Promise<string[]> {
  const rows = await query<{ line: string }>(
    `SELECT conname || ' ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated AS line
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace
     UNION ALL
     SELECT pg_get_indexdef(indexrelid) || ' ' || indisvalid FROM pg_index AS i
       JOIN pg_class AS c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace
     UNION ALL
     SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL
     SELECT proname FROM pg_proc WHERE proname LIKE 'sync%'
     ORDER BY 1`,
  )
  return rows.map(({ line }) => line)
}

test('the six files of the runbook and the clean-up are there', () => {
  expect(migrationNames()).toEqual([
    '20250115120000_add_composite_unique_constraints',
    '20250115130000_add_missing_foreign_keys_production_safe',
    '20250115140000_add_check_constraints',
    '20250115150000_add_performance_indexes',
    '20250115160000_fix_recipe_category_fields_backfill',
    '20250115160001_fix_recipe_category_fields_cutover',
    '20250122160000_clean_up_recipe_category_fields',
  ])
  expect(readText(cleanUp)).toContain('-- airlock: disabled after=20250115160001 soak=7d')
})

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  let database: TestDatabase
  let before: string[]

  beforeAll(async () => {
    database = await createDatabase({ major, template: 'recipe' })
    before = await picture(database)
    await migrate(database)
  })
  afterAll(() => database.drop())

  test('all eleven constraints are valid', async () => {
    const rows = await database.query<{ name: string }>(
      `SELECT conname AS name FROM pg_constraint WHERE convalidated AND conname = ANY ($1) ORDER BY conname COLLATE "C"`,
      [constraintsOfRunbook],
    )
    expect(rows.map(({ name }) => name)).toEqual(constraintsOfRunbook)
  })

  test('all nine indexes are valid, three of them trigram indexes and two covering', async () => {
    const rows = await database.query<{ name: string; definition: string }>(
      `SELECT c.relname AS name, pg_get_indexdef(c.oid) AS definition
         FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indisvalid AND c.relname LIKE 'idx\\_%' ORDER BY c.relname COLLATE "C"`,
    )
    expect(rows.map(({ name }) => name)).toEqual(indexesOfRunbook)
    expect(rows.filter(({ definition }) => definition.includes('gin_trgm_ops'))).toHaveLength(3)
    expect(rows.filter(({ definition }) => definition.includes('INCLUDE'))).toHaveLength(2)
  })

  test('every recipe category is mapped, and some are', async () => {
    const [count] = await database.query<{ mapped: number; unmapped: number }>(
      `SELECT count(*) FILTER (WHERE "categoryId" IS NOT NULL)::int AS mapped,
              count(*) FILTER (WHERE category <> '' AND "categoryId" IS NULL)::int AS unmapped FROM "Recipe"`,
    )
    expect(count?.unmapped).toBe(0)
    expect(count?.mapped).toBeGreaterThan(50)
  })

  test('the text follows the category, and a text alone is refused', async () => {
    await withDatabase({ major, template: 'recipe' }, async (other) => {
      await migrate(other)
      const [category] = await other.query<{ id: number; name: string }>(
        'SELECT id, name FROM "RecipeCategory" ORDER BY id LIMIT 1',
      )
      const categoryOfFirst = 'SELECT category FROM "Recipe" WHERE id = 1'
      await other.query('UPDATE "Recipe" SET "categoryId" = $1 WHERE id = 1', [category?.id])
      expect(await other.query(categoryOfFirst)).toEqual([{ category: category?.name }])
      await other.query('DELETE FROM "RecipeCategory" WHERE id = $1', [category?.id])
      expect(await other.query(categoryOfFirst)).toEqual([{ category: null }])
      await expect(
        other.query(`UPDATE "Recipe" SET category = 'Typed in' WHERE id = 1`),
      ).rejects.toThrow('recipe_category_consistency_check')
    })
  })

  test.each(enabled)('%s: its verify script finds what it expects', async (name) => {
    const statements = statementsOf(readText(`migrations/verify/${name}_verify.sql`))
    expect(statements.length).toBeGreaterThan(0)
    for (const statement of statements) {
      const rows = await database.query(statement)
      const expected = rowsExpected(readText(`migrations/verify/${name}_verify.sql`), statement)
      expect(rows).toHaveLength(expected)
    }
  })

  test('a second run changes nothing', async () => {
    const first = await picture(database)
    const rows = await database.query('SELECT id, "categoryId", category FROM "Recipe" ORDER BY id')
    await migrate(database)
    expect(await picture(database)).toEqual(first)
    expect(
      await database.query('SELECT id, "categoryId", category FROM "Recipe" ORDER BY id'),
    ).toEqual(rows)
  })

  test('the rollback scripts, newest first, restore the catalog and are idempotent', async () => {
    await withDatabase({ major, template: 'recipe' }, async (other) => {
      await migrate(other)
      expect(await picture(other)).not.toEqual(before)
      for (const name of enabled.toReversed()) {
        await runFile(other, `migrations/rollbacks/${name}_rollback.sql`)
        await runFile(other, `migrations/rollbacks/${name}_rollback.sql`)
      }
      expect(await picture(other)).toEqual(before)
      expect(await other.query('SELECT 1 FROM "Recipe" WHERE "categoryId" IS NOT NULL')).toEqual([])
    })
  })

  test('the backfill is not rolled back under the cutover, which would empty the texts', async () => {
    await expect(
      runFile(database, `migrations/rollbacks/${enabled[4]}_rollback.sql`),
    ).rejects.toThrow('the cutover (20250115160001) is in place')
  })

  test('the clean-up removes the text and keeps the categories', async () => {
    await withDatabase({ major, template: 'recipe' }, async (other) => {
      await migrate(other)
      await runFile(other, cleanUp)
      await runFile(other, cleanUp)
      const rows = await runFile(
        other,
        'migrations/verify/20250122160000_clean_up_recipe_category_fields_verify.sql',
      )
      expect(rows).toEqual([{ attname: 'categoryId' }])
    })
  })

  test('every query of docs/db/observability.sql answers', async () => {
    const queries = statementsOf(readText('docs/db/observability.sql'))
    expect(queries.length).toBeGreaterThan(8)
    for (const query of queries) await database.query(query)
  })
})

/** Rows of the expected table below the statement, in the form that psql prints; none for `expect: rows = 0`, one for other conditions. */
function rowsExpected(source: string, statement: string): number {
  const below = source
    .slice(source.indexOf(statement) + statement.length)
    .split('\n')
    .slice(1)
  const comments = below.slice(
    0,
    below.findIndex((line) => !line.startsWith('--')),
  )
  const short = comments[0]?.match(/^-- expect: (.*)/)?.[1]
  if (short !== undefined) return short === 'rows = 0' ? 0 : 1
  return comments.length - 2
}
