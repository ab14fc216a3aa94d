import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createDatabase, oldestAndNewest, servers, type TestDatabase } from '../support/database.ts'
import { type ActionResult, project, runAction } from '../support/program.ts'
import { recipeWorkspace, type Workspace } from '../support/workspace.ts'
import { readCatalog } from './catalog.ts'

const files = [
  '20250115120000_add_composite_unique_constraints',
  '20250115130000_add_missing_foreign_keys_production_safe',
  '20250115140000_add_check_constraints',
  '20250115150000_add_performance_indexes',
  '20250115160000_fix_recipe_category_fields_backfill',
  '20250115160001_fix_recipe_category_fields_cutover',
] as const

type Nth = 1 | 2 | 3 | 4 | 5 | 6
type Inputs = Readonly<Record<string, string>>

const fileOf = (number: Nth) => files[number - 1] ?? ''
const forward = (number: Nth) => `migrations/${fileOf(number)}.sql`
const verifyScript = (number: Nth) => `migrations/verify/${fileOf(number)}_verify.sql`
const original = (path: string) => readFileSync(join(project, path), 'utf8')

/** How a migration is broken: a text of one of its files replaced, or data that it can't bear (and how that is mended). */
type Fault =
  | { readonly path: string; readonly replace: string; readonly by: string }
  | { readonly data: string; readonly mend: string }

interface Case {
  readonly migration: Nth
  readonly how: string
  readonly fault: Fault
  readonly sqlstate?: string
  /** In the message of the error. */
  readonly says: string
  /** The line in the file that is blamed begins so. */
  readonly line?: string
  /** What the caret stands under. */
  readonly caret?: string
  readonly inputs?: Inputs
  readonly outcome: 'failed' | 'rolled-back' | 'needs-attention'
  /** What the catalog must equal; default: before the failed migration. 'half': something of it stays, by policy. */
  readonly catalog?: 'before-run' | 'half' | 'after-migration' | 'rows-stay' | 'earlier-stay'
  /** A failed migration's committed rows that stay, as the report names them. */
  readonly kept?: string
  /** The data precheck that finds it before the first change, and is off in the run that shall fail: as if the rows had come after it. */
  readonly gate?: 'data.unique' | 'data.foreign-key' | 'data.check'
}

const unknown = (
  migration: Nth,
  replace: string,
  by: string,
  caret: string,
  more: Partial<Case> = {},
): Case => ({
  migration,
  how: 'unknown column',
  fault: { path: forward(migration), replace, by },
  sqlstate: '42703',
  says: caret.replaceAll('"', ''),
  caret,
  outcome: 'failed',
  ...more,
})

const duplicateItem = {
  data: `insert into "RecipeItem" ("recipeId", "ingredientId", "quantity") select "recipeId", "ingredientId", 7.777 from "RecipeItem" order by "id" limit 1`,
  mend: `delete from "RecipeItem" where "quantity" = 7.777`,
}
const lostOwner = {
  data: `update "ProductionTask" set "assignedTo" = 'nobody' where "id" = (select min("id") from "ProductionTask")`,
  mend: `update "ProductionTask" set "assignedTo" = null where "assignedTo" = 'nobody'`,
}
const freeRecipe = {
  data: `update "Recipe" set "yieldQuantity" = -1 where "id" = (select min("id") from "Recipe")`,
  mend: `update "Recipe" set "yieldQuantity" = 1 where "yieldQuantity" = -1`,
}
const categoryWithoutText = {
  data: `with made as (insert into "RecipeCategory" ("companyId", "name") select "companyId", 'Odd one' from "Recipe" order by "id" limit 1 returning "id")
    update "Recipe" set "category" = null, "categoryId" = made."id" from made where "Recipe"."id" = (select min("id") from "Recipe")`,
  mend: `update "Recipe" set "category" = 'Odd one' where "category" is null and "categoryId" is not null`,
}
/** The ninth index becomes a unique one over duplicates: eight are built by then. */
const uniqueIndex = {
  path: forward(4),
  replace: `CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_wholesale_order_status_date
  ON "WholesaleOrder" ("companyId", "status", "deliveryDate")`,
  by: `CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS idx_wholesale_order_status_date
  ON "WholesaleOrder" ("companyId")`,
}
const wrongLabel = {
  path: verifyScript(5),
  replace: `--   *    |    0`,
  by: `--   *    |    12345`,
}

const cases: readonly Case[] = [
  unknown(1, '("recipeId", "order")', '("recipeId", "odour")', '"odour"', { caret: '' }),
  unknown(2, 'FOREIGN KEY ("assignedTo")', 'FOREIGN KEY ("assignedTwo")', '"assignedTwo"', {
    caret: '',
  }),
  unknown(3, 'CHECK ("quantity" > 0)', 'CHECK ("quantitty" > 0)', '"quantitty"', {
    // The server gives no position for what is inside a CHECK that is added to a table.
    caret: '',
  }),
  unknown(4, '"deliveryDate")', '"deliveryDay")', '"deliveryDay"', {
    outcome: 'rolled-back',
    caret: '',
  }),
  unknown(5, 'SET "categoryId" = c."id"', 'SET "categoryId" = c."ident"', 'c."ident"', {
    says: 'ident',
  }),
  unknown(6, '= ("category" IS NOT NULL', '= ("categories" IS NOT NULL', '"categories"', {
    caret: '',
  }),
  {
    migration: 1,
    how: 'duplicate rows',
    gate: 'data.unique',
    fault: duplicateItem,
    sqlstate: '23505',
    says: 'could not create unique index "RecipeItem_recipeId_ingredientId_key"',
    line: 'DO $$',
    outcome: 'failed',
  },
  {
    migration: 2,
    how: 'orphaned rows',
    gate: 'data.foreign-key',
    fault: lostOwner,
    sqlstate: '23503',
    says: 'ProductionTask_assignedTo_fkey',
    line: 'ALTER TABLE "ProductionTask" VALIDATE',
    outcome: 'rolled-back',
  },
  {
    migration: 2,
    how: 'orphaned rows, undo: run',
    gate: 'data.foreign-key',
    fault: lostOwner,
    sqlstate: '23503',
    says: 'ProductionTask_assignedTo_fkey',
    line: 'ALTER TABLE "ProductionTask" VALIDATE',
    inputs: { undo: 'run' },
    outcome: 'rolled-back',
    catalog: 'before-run',
  },
  {
    migration: 2,
    how: 'orphaned rows, on-failure: stop',
    gate: 'data.foreign-key',
    fault: lostOwner,
    sqlstate: '23503',
    says: 'ProductionTask_assignedTo_fkey',
    line: 'ALTER TABLE "ProductionTask" VALIDATE',
    inputs: { 'on-failure': 'stop' },
    outcome: 'needs-attention',
    catalog: 'half',
  },
  {
    migration: 3,
    how: 'a row that violates the check',
    gate: 'data.check',
    fault: freeRecipe,
    sqlstate: '23514',
    says: 'recipe_yield_quantity_positive',
    line: 'ALTER TABLE "Recipe" VALIDATE CONSTRAINT recipe_yield_quantity_positive',
    outcome: 'rolled-back',
  },
  {
    migration: 4,
    how: 'the last index fails half way',
    gate: 'data.unique',
    fault: uniqueIndex,
    sqlstate: '23505',
    says: 'idx_wholesale_order_status_date',
    line: 'CREATE UNIQUE INDEX CONCURRENTLY',
    outcome: 'rolled-back',
  },
  {
    migration: 4,
    how: 'the last index fails half way, undo: run',
    gate: 'data.unique',
    fault: uniqueIndex,
    sqlstate: '23505',
    says: 'idx_wholesale_order_status_date',
    line: 'CREATE UNIQUE INDEX CONCURRENTLY',
    inputs: { undo: 'run' },
    outcome: 'rolled-back',
    catalog: 'before-run',
  },
  {
    migration: 5,
    how: 'a row that violates a foreign key',
    fault: {
      path: forward(5),
      replace: 'SET "categoryId" = c."id"',
      by: 'SET "categoryId" = c."id" + 1000000',
    },
    sqlstate: '23503',
    says: 'Recipe_categoryId_fkey',
    outcome: 'failed',
  },
  {
    migration: 6,
    how: 'a row that violates the check',
    gate: 'data.check',
    fault: categoryWithoutText,
    sqlstate: '23514',
    says: 'recipe_category_consistency_check',
    line: 'ALTER TABLE "Recipe" VALIDATE CONSTRAINT recipe_category_consistency_check',
    outcome: 'rolled-back',
  },
  {
    migration: 6,
    how: 'a row that violates the check, undo: run past a backfill',
    fault: categoryWithoutText,
    sqlstate: '23514',
    says: 'recipe_category_consistency_check',
    line: 'ALTER TABLE "Recipe" VALIDATE CONSTRAINT recipe_category_consistency_check',
    inputs: { undo: 'run' },
    outcome: 'needs-attention',
    catalog: 'earlier-stay',
  },
  {
    migration: 1,
    how: 'verify script',
    fault: {
      path: verifyScript(1),
      replace: '-- RecipeSection_recipeId_order_key     | u       | t',
      by: '-- RecipeSection_recipeId_order_key     | u       | f',
    },
    says: 'Both unique constraints exist and are valid',
    line: 'SELECT conname, contype, convalidated',
    outcome: 'rolled-back',
  },
  {
    migration: 2,
    how: 'verify script',
    fault: {
      path: verifyScript(2),
      replace: '-- expect: companies = 0,',
      by: '-- expect: companies > 0,',
    },
    says: 'No record points to a user',
    outcome: 'rolled-back',
  },
  {
    migration: 3,
    how: 'verify script, on-failure: stop',
    fault: {
      path: verifyScript(3),
      replace: '-- recipe_item_quantity_positive  | c       | t\n',
      by: '',
    },
    says: 'All four CHECK constraints',
    inputs: { 'on-failure': 'stop' },
    outcome: 'needs-attention',
    catalog: 'after-migration',
  },
  {
    migration: 4,
    how: 'verify script that fails itself',
    fault: { path: verifyScript(4), replace: 'i.indisvalid AND', by: 'i.indisvalidd AND' },
    says: 'indisvalidd',
    outcome: 'rolled-back',
  },
  {
    migration: 5,
    how: 'verify script: committed rows are kept',
    fault: wrongLabel,
    says: 'Every recipe category is mapped',
    outcome: 'needs-attention',
    catalog: 'rows-stay',
    kept: 'public."Recipe"',
  },
  {
    migration: 6,
    how: 'verify script',
    fault: {
      path: verifyScript(6),
      replace: '-- sync_recipe_category_trigger | "Recipe" | O',
      by: '-- sync_recipe_category_trigger | "Recipe" | D',
    },
    says: 'The trigger exists and is enabled',
    outcome: 'rolled-back',
  },
]

const exitCodes = { failed: 1, 'rolled-back': 1, 'needs-attention': 3 } as const
const highest = servers().at(-1)?.major

/** The whole table on the highest major; on the oldest, what Postgres does not take back by itself. */
const onOldest = ['orphaned rows', 'the last index fails half way']
const table = oldestAndNewest().flatMap(({ major }) =>
  cases
    .filter(({ how }) => major === highest || onOldest.includes(how))
    .map((one) => ({ major, ...one })),
)

describe.each(table)('PostgreSQL $major: migration $migration: $how', (one) => {
  const { migration, fault, major } = one
  let database: TestDatabase
  let workspace: Workspace
  let beforeRun: string[]
  let beforeMigration: string[]
  let refused: ActionResult | null = null
  let run: ActionResult

  const deploy = (inputs: Inputs = {}) =>
    runAction({ 'database-url': database.url, ...inputs }, { cwd: workspace.folder })

  beforeAll(async () => {
    database = await createDatabase({ major, template: 'recipe' })
    workspace = recipeWorkspace()
    beforeRun = await readCatalog(database)
    beforeMigration = beforeRun
    // With undo: run the migrations before the failed one belong to its run; else they are deployed beforehand, and their picture taken.
    if (migration > 1 && one.inputs?.undo !== 'run') {
      const earlier = await deploy({ to: fileOf((migration - 1) as Nth).slice(0, 14) })
      expect({ code: earlier.code, stdout: earlier.stdout }).toMatchObject({ code: 0 })
      beforeMigration = await readCatalog(database)
    }
    if ('data' in fault) await database.query(fault.data)
    else {
      const text = original(fault.path)
      expect(text).toContain(fault.replace)
      workspace.write(
        fault.path,
        text.replace(fault.replace, () => fault.by),
      )
    }
    if (one.gate !== undefined) {
      const before = await readCatalog(database)
      refused = await deploy(one.inputs)
      expect(await readCatalog(database)).toEqual(before)
      workspace.write('airlock.yml', `preflight: { checks: { ${one.gate}: off } }`)
    }
    run = await deploy(one.inputs)
    workspace.write('airlock.yml', '')
  })
  afterAll(async () => {
    workspace.dispose()
    await database.drop()
  })

  test('where rows are to blame, they are found before the first change', () => {
    const shut = refused?.report.checks.filter(({ outcome }) => outcome === 'failed') ?? []
    expect(shut.map(({ id }) => id)).toEqual(one.gate === undefined ? [] : [one.gate])
    expect(refused?.code).toBe(one.gate === undefined ? undefined : 1)
    expect(refused?.report.outcome).toBe(one.gate === undefined ? undefined : 'refused')
  })

  test('exit code and outcomes', () => {
    expect(run.stderr).toBe('')
    const failed = run.report.migrations[migration - 1]
    expect({
      code: run.code,
      outcome: run.report.outcome,
      output: run.outputs.outcome,
      later: run.report.migrations.slice(migration).map(({ outcome }) => outcome),
    }).toEqual({
      code: exitCodes[one.outcome],
      outcome: one.outcome,
      output: one.outcome,
      later: [...files.slice(migration).map(() => 'not-run'), 'disabled'],
    })
    expect(['failed', 'rolled-back']).toContain(failed?.outcome)
  })

  test('report, summary and annotation say why, at the line', () => {
    const { error } = run.report
    expect(`${error?.message} ${error?.why}`).toContain(one.says)
    expect(error?.sqlstate).toBe(one.sqlstate)
    const path = 'path' in fault ? fault.path : forward(migration)
    expect(error?.where?.file).toBe(path)
    const line = (error?.where?.line ?? 0) - 1
    const text =
      'path' in fault ? original(path).replace(fault.replace, () => fault.by) : original(path)
    if (one.line !== undefined)
      expect(text.split('\n')[line]).toMatch(
        new RegExp(`^${one.line.replaceAll(/[$()"]/g, '\\$&')}`),
      )
    if (one.caret) {
      expect(text.split('\n')[line]?.slice((error?.where?.column ?? 0) - 1)).toMatch(
        new RegExp(`^${one.caret}`),
      )
      expect(error?.excerpt).toMatch(/\^/)
    }
    expect(run.summary).toContain(`${path}:${error?.where?.line}`)
    if (one.sqlstate !== undefined) expect(run.summary).toContain(one.sqlstate)
    expect(run.stdout).toContain(
      `::error title=${one.outcome},file=${path},line=${error?.where?.line}`,
    )
  })

  test('the catalog is where it must be, and the report proves it', async () => {
    const now = await readCatalog(database)
    const undo = run.report.migrations[migration - 1]?.rollback
    if (one.catalog === 'half' || one.catalog === 'after-migration') {
      expect(now).not.toEqual(beforeMigration)
      expect(undo).toMatchObject({ outcome: 'not-run' })
    } else if (one.catalog === 'rows-stay') {
      expect(now).toEqual(beforeMigration)
      expect(undo).toMatchObject({ outcome: 'not-run' })
    } else if (one.catalog === 'earlier-stay') {
      expect(undo).toMatchObject({ outcome: 'restored' })
      expect(now.join('\n')).not.toContain('recipe_category_consistency_check')
      expect(run.report.migrations[4]?.rollback).toMatchObject({ outcome: 'not-run' })
      expect(run.report.migrations[4]?.rollback?.reason).toContain('allow-data-loss')
      expect(now.join('\n')).toContain('idx_recipe_name_trgm')
    } else {
      expect(now).toEqual(one.catalog === 'before-run' ? beforeRun : beforeMigration)
      expect(undo).toMatchObject({ outcome: 'restored', difference: [] })
      expect(run.report.fingerprint).toMatchObject({ equal: true, difference: [] })
    }
    expect(now.filter((line) => /^index .* (valid f|ready f|live f)/.test(line))).toEqual([])
    if (one.kept !== undefined) {
      expect(undo?.kept.join()).toContain(one.kept)
      expect(run.summary).toContain(one.kept)
    }
  })

  test('once mended, the next deploy completes it and verifies everything', async () => {
    if ('data' in fault) await database.query(fault.mend)
    else workspace.write(fault.path, original(fault.path))
    const next = await deploy()
    expect({ code: next.code, outcome: next.report.outcome, error: next.report.error }).toEqual({
      code: 0,
      outcome: 'deployed',
      error: null,
    })
    const states = await database.query(
      `select version, state from airlock.migrations where state in ('running', 'applied', 'verified') or half_done order by version`,
    )
    expect(states).toEqual(files.map((file) => ({ version: file.slice(0, 14), state: 'verified' })))
    expect(
      (await readCatalog(database)).filter((line) => /(valid|validated) f/.test(line)),
    ).toEqual([])
  })
})
