import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createDatabase, servers, type TestDatabase } from '../support/database.ts'
import { type ActionResult, runAction, runCli } from '../support/program.ts'
import { recipeWorkspace, type Workspace } from '../support/workspace.ts'
import { readCatalog } from './catalog.ts'

const constraints = [
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

const indexes = [
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

const versions = [
  '20250115120000',
  '20250115130000',
  '20250115140000',
  '20250115150000',
  '20250115160000',
  '20250115160001',
]

describe.each(servers().map(({ major }) => major))(
  'PostgreSQL %i: the recipe application',
  (major) => {
    let database: TestDatabase
    let workspace: Workspace
    let first: ActionResult

    beforeAll(async () => {
      database = await createDatabase({ major, template: 'recipe' })
      workspace = recipeWorkspace()
      first = await runAction({ 'database-url': database.url }, { cwd: workspace.folder })
    })
    afterAll(async () => {
      workspace.dispose()
      await database.drop()
    })

    test('the built action deploys the six migrations', () => {
      expect(first.stderr).toBe('')
      expect({ code: first.code, outcome: first.outputs.outcome }).toEqual({
        code: 0,
        outcome: 'deployed',
      })
      expect(JSON.parse(first.outputs.applied ?? '')).toEqual(versions)
      expect(JSON.parse(first.outputs.pending ?? '')).toEqual([])
      expect(first.report.migrations.map(({ outcome }) => outcome)).toEqual([
        ...versions.map(() => 'applied'),
        'disabled',
      ])
    })

    test('the summary shows eleven constraints VALID, nine indexes VALID, the trigger and unmapped = 0', async () => {
      for (const name of [...constraints, ...indexes]) {
        const row = first.summary
          .split('\n')
          .find((line) => line.includes(name) && line.includes('|'))
        expect({ name, row }).toEqual({ name, row: expect.stringContaining('VALID') })
        expect(row).not.toMatch(/NOT VALID|INVALID/)
      }
      expect(first.summary).toContain('sync_recipe_category_trigger')
      const mapped = first.report.migrations
        .flatMap(({ verification }) => verification)
        .find(({ query }) => query?.columns.includes('unmapped'))
      expect(mapped?.outcome).toBe('passed')
      expect(mapped?.query?.actualRows[0]?.[1]).toBe('0')
    })

    test('the database holds what the summary says', async () => {
      const valid = await database.query<{ conname: string }>(
        'select conname from pg_constraint where convalidated and conname = any ($1) order by conname collate "C"',
        [constraints],
      )
      expect(valid.map(({ conname }) => conname)).toEqual(constraints)
      const built = await database.query<{ relname: string }>(
        'select relname from pg_index join pg_class on oid = indexrelid where indisvalid and indisready and relname = any ($1) order by 1',
        [indexes],
      )
      expect(built.map(({ relname }) => relname)).toEqual(indexes)
      expect(
        await database.query(
          "select tgenabled from pg_trigger where tgname = 'sync_recipe_category_trigger'",
        ),
      ).toEqual([{ tgenabled: 'O' }])
    })

    test('the journal says who deployed what, from which commit, and nothing is left open', async () => {
      const [run] = await database.query(
        'select command, outcome, actor, repository, commit_sha, run_url, ended_at is not null as ended from airlock.runs',
      )
      expect(run).toEqual({
        command: 'deploy',
        outcome: 'deployed',
        actor: 'octocat',
        repository: 'bakery/recipes',
        commit_sha: '0123456789abcdef0123456789abcdef01234567',
        run_url: 'https://github.com/bakery/recipes/actions/runs/42',
        ended: true,
      })
      const migrations = await database.query(
        `select version, state, half_done, step_count,
         (select count(*)::int from airlock.steps where migration_id = m.id and state = 'done') as done
       from airlock.migrations m order by id`,
      )
      expect(migrations).toEqual(
        versions.map((version, index) => ({
          version,
          state: 'verified',
          half_done: false,
          step_count: [1, 5, 5, 9, 1, 2][index],
          done: [1, 5, 5, 9, 1, 2][index],
        })),
      )
      expect(
        await database.query(
          "select count(*)::int from information_schema.columns c where table_schema = 'airlock' and col_description((quote_ident(table_schema) || '.' || quote_ident(table_name))::regclass, ordinal_position) is null",
        ),
      ).toEqual([{ count: 0 }])
    })

    test('the backfill tells the rows that it changed', async () => {
      const backfill = first.report.migrations[4]
      const updated = backfill?.rowEffects.find(({ table }) => table === 'public."Recipe"')
      const [{ count } = { count: 0 }] = await database.query<{ count: number }>(
        'select count(*)::int from "Recipe" where "categoryId" is not null',
      )
      expect(updated).toMatchObject({ updated: count, certainty: 'exact' })
      expect(count).toBeGreaterThan(0)
    })

    test('a second run has nothing to do and changes nothing', async () => {
      const before = await database.query('select count(*)::int from airlock.runs')
      const second = await runAction({ 'database-url': database.url }, { cwd: workspace.folder })
      expect({ code: second.code, outcome: second.outputs.outcome }).toEqual({
        code: 0,
        outcome: 'nothing-to-do',
      })
      expect(second.summary).toContain('20250122160000')
      expect(await database.query('select count(*)::int from airlock.runs')).toEqual(before)
    })

    test('plan and verify agree that nothing is left to do', async () => {
      const env = { DATABASE_URL: database.url }
      const planned = await runCli(['plan'], { cwd: workspace.folder, env })
      expect(planned).toMatchObject({ code: 0 })
      const verified = await runCli(['verify'], { cwd: workspace.folder, env })
      expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('Verified') })
    })

    test('rolling the last run back needs leave to lose the backfill, then leaves the schema as it was', async () => {
      const env = { DATABASE_URL: database.url }
      const cwd = workspace.folder
      const refused = await runCli(['rollback', '--last-run'], { cwd, env })
      expect({ code: refused.code }).toEqual({ code: 3 })
      expect(refused.stdout).toContain('allow-data-loss')
      const undone = await runCli(['rollback', '--last-run', '--allow-data-loss'], { cwd, env })
      expect(undone.stdout).toContain('fingerprint')
      expect({ code: undone.code }).toEqual({ code: 0 })
      expect(
        await database.query('select conname from pg_constraint where conname = any ($1)', [
          constraints,
        ]),
      ).toEqual([])
    })
  },
)

test('a plan of everything pending needs CONNECT and SELECT alone, and leaves catalog and rows as they were [trap: dry-run-that-writes]', async () => {
  const database = await createDatabase({ template: 'recipe' })
  const workspace = recipeWorkspace()
  const role = `reader_${database.name}`
  try {
    await database.query(
      `revoke all on database "${database.name}" from public; revoke all on schema public from public;
       create role "${role}" login password 'reads'; grant connect on database "${database.name}" to "${role}";
       grant usage on schema public to "${role}"; grant select on all tables in schema public to "${role}"`,
    )
    const before = await everything(database)
    const url = new URL(database.url)
    url.username = role
    url.password = 'reads'
    const planned = await runCli(['plan'], {
      cwd: workspace.folder,
      env: { DATABASE_URL: url.href },
    })
    expect(planned).toMatchObject({ code: 0, stderr: '' })
    for (const version of versions) expect(planned.stdout).toContain(version)
    expect(await everything(database)).toEqual(before)
    expect(await database.query(`select to_regnamespace('airlock') as journal`)).toEqual([
      { journal: null },
    ])
  } finally {
    await database.query(`drop owned by "${role}"; drop role "${role}"`)
    workspace.dispose()
    await database.drop()
  }
})

/** The catalog, and of each table a hash of its rows. */
async function everything(database: TestDatabase): Promise<readonly unknown[]> {
  const rows = await database.query(
    `select c.oid::regclass::text as name, md5(query_to_xml('select * from ' || c.oid::regclass || ' as t order by t::text', true, true, '')::text)
     from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1`,
  )
  expect(rows.length).toBeGreaterThan(10)
  return [await readCatalog(database), rows]
}
