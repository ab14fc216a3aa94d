import type { Place } from '../../src/report/refusal.ts'
import type {
  MigrationReport,
  Report,
  SessionSetting,
  StepReport,
  TargetReport,
  Verification,
} from '../../src/report/types.ts'

/** Reports as the engine would make them: what users look at, in every ending. */

export const target: TargetReport = {
  name: 'production',
  host: 'db.recipes.example',
  port: 5432,
  database: 'recipe',
  user: 'deployer',
  role: 'recipe_owner',
  serverVersion: '16.14',
  systemIdentifier: '7341234567890123456',
  tls: 'TLSv1.3',
}

const session: SessionSetting[] = [
  { name: 'lock_timeout', set: '2s', readBack: '2s' },
  { name: 'statement_timeout', set: '5min', readBack: '5min' },
  { name: 'idle_in_transaction_session_timeout', set: '10min', readBack: '10min' },
  { name: 'search_path', set: '"$user", public', readBack: '"$user", public' },
]

export function at(file: string, line: number, column = 1): Place {
  return { file, line, column }
}

export function step(
  ordinal: number,
  title: string,
  more: Partial<StepReport> & { where: Place },
): StepReport {
  return {
    ordinal,
    kind: title.startsWith('transaction') ? 'transaction' : 'statement',
    title,
    outcome: 'done',
    durationMs: 34,
    statements: 1,
    ...more,
  }
}

export function migration(
  version: string,
  name: string,
  more: Partial<MigrationReport> = {},
): MigrationReport {
  return {
    version,
    name,
    file: `migrations/${version}_${name}.sql`,
    outcome: 'applied',
    durationMs: 120,
    steps: [],
    rowEffects: [],
    notices: [],
    verification: [],
    rollback: null,
    warnings: [],
    ...more,
  }
}

export function passed(kind: string, object: string, table: string, text: string): Verification {
  return { kind, object, table, expected: text, actual: text, outcome: 'passed' }
}

export function report(more: Partial<Report>): Report {
  return {
    schemaVersion: 1,
    command: 'deploy',
    runId: '0192f3a1-7c44-7d1e-9b7e-2f1f0b8f6a11',
    origin: {
      who: 'anna',
      commit: '4f2c9d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d',
      runUrl: 'https://github.com/recipes/app/actions/runs/1',
    },
    outcome: 'deployed',
    exitCode: 0,
    target,
    startedAt: '2025-01-15T12:00:03.120Z',
    durationMs: 612_400,
    migrations: [],
    session,
    error: null,
    next: [],
    warnings: [],
    fingerprint: null,
    checks: [],
    backup: null,
    restorePoint: null,
    baseline: null,
    smoke: [],
    criteria: [],
    contacts: [],
    locks: null,
    ...more,
  }
}

const files = {
  unique: 'migrations/20250115120000_add_composite_unique_constraints.sql',
  foreign: 'migrations/20250115130000_add_missing_foreign_keys_production_safe.sql',
  check: 'migrations/20250115140000_add_check_constraints.sql',
  index: 'migrations/20250115150000_add_performance_indexes.sql',
  backfill: 'migrations/20250115160000_fix_recipe_category_fields_backfill.sql',
  cutover: 'migrations/20250115160001_fix_recipe_category_fields_cutover.sql',
} as const

const foreignKeys = [
  ['"Company_ownerId_fkey"', '"Company"', '"ownerId"'],
  ['"ProductionPlan_createdBy_fkey"', '"ProductionPlan"', '"createdBy"'],
  ['"ProductionTask_assignedTo_fkey"', '"ProductionTask"', '"assignedTo"'],
  ['"InventoryMovement_createdBy_fkey"', '"InventoryMovement"', '"createdBy"'],
] as const

const checks = [
  ['recipe_selling_price_positive', '"Recipe"', '"sellingPrice" > 0'],
  ['ingredient_pack_price_positive', '"Ingredient"', '"packPrice" > 0'],
  ['recipe_yield_quantity_positive', '"Recipe"', '"yieldQuantity" > 0'],
  ['recipe_item_quantity_positive', '"RecipeItem"', 'quantity > 0'],
] as const

const indexes = [
  ['idx_recipe_name_trgm', '"Recipe"'],
  ['idx_recipe_description_trgm', '"Recipe"'],
  ['idx_recipe_method_trgm', '"Recipe"'],
  ['idx_recipe_list_covering', '"Recipe"'],
  ['idx_sales_record_analytics', '"SalesRecord"'],
  ['idx_production_history_company_date_recipe', '"ProductionHistory"'],
  ['idx_inventory_movement_history', '"InventoryMovement"'],
  ['idx_notification_unread', '"Notification"'],
  ['idx_wholesale_order_status_date', '"WholesaleOrder"'],
] as const

function tableQuery(
  title: string,
  columns: string[],
  expectedRows: string[][],
  actualRows: (string | null)[][],
  where: Place,
): Verification {
  return {
    kind: 'query',
    object: title,
    table: '',
    expected: `${expectedRows.length} rows`,
    actual: `${actualRows.length} rows`,
    outcome: 'passed',
    where,
    query: {
      title,
      columns,
      expectedRows,
      actualRows,
      actualRowCount: actualRows.length,
      conditions: [],
    },
  }
}

function uniqueConstraints(): MigrationReport {
  const names = ['RecipeItem_recipeId_ingredientId_key', 'RecipeSection_recipeId_order_key']
  return migration('20250115120000', 'add_composite_unique_constraints', {
    durationMs: 412,
    expectDuration: '~30 seconds',
    lockImpact: 'Low (small tables)',
    steps: [
      step(1, 'transaction: 2 statements', {
        where: at(files.unique, 8),
        durationMs: 398,
        statements: 2,
      }),
    ],
    verification: [
      passed(
        'constraint',
        '"RecipeItem_recipeId_ingredientId_key"',
        '"RecipeItem"',
        'UNIQUE ("recipeId", "ingredientId"), VALID',
      ),
      passed(
        'constraint',
        '"RecipeSection_recipeId_order_key"',
        '"RecipeSection"',
        'UNIQUE ("recipeId", "order"), VALID',
      ),
      tableQuery(
        'Constraints exist and are valid',
        ['conname', 'contype', 'convalidated'],
        names.map((name) => [name, 'u', 't']),
        names.map((name) => [name, 'u', 't']),
        at('migrations/verify/20250115120000_add_composite_unique_constraints_verify.sql', 2),
      ),
    ],
    notices: [
      {
        severity: 'NOTICE',
        code: '00000',
        message:
          'constraint "RecipeItem_recipeId_ingredientId_key" of relation "RecipeItem" does not exist, skipping',
        where: at(files.unique, 8),
      },
    ],
  })
}

function missingForeignKeys(): MigrationReport {
  const rows = [...foreignKeys].sort().map(([name, table]) => [name.slice(1, -1), table, 'VALID'])
  return migration('20250115130000', 'add_missing_foreign_keys_production_safe', {
    durationMs: 3_480,
    expectDuration: '~1-2 minutes',
    lockImpact: 'Low (uses NOT VALID pattern)',
    steps: [
      step(1, 'transaction: 4 statements', {
        where: at(files.foreign, 10),
        durationMs: 96,
        statements: 4,
        retries: 1,
      }),
      ...foreignKeys.map(([name, table], index) =>
        step(index + 2, `transaction: ALTER TABLE ${table} VALIDATE CONSTRAINT ${name}`, {
          where: at(files.foreign, 34 + index * 2),
          durationMs: 820 + index * 13,
          why: 'VALIDATE CONSTRAINT is a step of its own, so that its scan runs without the locks of ADD CONSTRAINT',
        }),
      ),
    ],
    verification: [
      ...foreignKeys.map(([name, table, column]) =>
        passed('constraint', name, table, `FOREIGN KEY (${column}) REFERENCES "User"(id), VALID`),
      ),
      tableQuery(
        'All foreign keys exist and are VALID',
        ['constraint_name', 'table_name', 'status'],
        rows,
        rows,
        at(
          'migrations/verify/20250115130000_add_missing_foreign_keys_production_safe_verify.sql',
          2,
        ),
      ),
    ],
    warnings: foreignKeys.map(([name], index) => ({
      id: 'validate-own-step',
      severity: 'info' as const,
      message: `The file is cut before VALIDATE CONSTRAINT ${name}: with its ADD in one transaction both tables stay locked through the scan`,
      where: at(files.foreign, 34 + index * 2),
    })),
  })
}

function checkConstraints(): MigrationReport {
  return migration('20250115140000', 'add_check_constraints', {
    durationMs: 611,
    expectDuration: '~30 seconds',
    lockImpact: 'Low (validates existing data)',
    steps: [
      step(1, 'transaction: 4 statements', {
        where: at(files.check, 6),
        durationMs: 580,
        statements: 4,
      }),
    ],
    verification: checks.map(([name, table, expression]) =>
      passed('constraint', name, table, `CHECK (${expression}), VALID`),
    ),
  })
}

function performanceIndexes(): MigrationReport {
  return migration('20250115150000', 'add_performance_indexes', {
    durationMs: 521_000,
    expectDuration: '~5-15 minutes',
    lockImpact: 'None (CONCURRENTLY)',
    steps: indexes.map(([name], index) =>
      step(index + 1, `CREATE INDEX CONCURRENTLY ${name}`, {
        where: at(files.index, 9 + index * 5),
        durationMs: 41_000 + index * 4_300,
        why: 'CREATE INDEX CONCURRENTLY cannot run inside a transaction block',
      }),
    ),
    verification: indexes.map(([name, table]) =>
      passed('index', name, table, `btree (${table}), VALID`),
    ),
    warnings: [
      {
        id: 'not-atomic',
        severity: 'info',
        message:
          'Nine statements allow no transaction: each is journaled before and after, a rerun resumes at the first that is missing',
        where: at(files.index, 9),
      },
    ],
  })
}

function categoryBackfill(): MigrationReport {
  return migration('20250115160000', 'fix_recipe_category_fields_backfill', {
    durationMs: 84_200,
    expectDuration: '~1-2 minutes',
    lockImpact: 'Medium (UPDATE on Recipe table)',
    steps: [
      step(1, 'transaction: 2 statements', {
        where: at(files.backfill, 5),
        durationMs: 84_120,
        statements: 2,
      }),
    ],
    rowEffects: [
      {
        table: 'public."RecipeCategory"',
        inserted: 14,
        updated: 0,
        deleted: 0,
        certainty: 'exact',
      },
      { table: 'public."Recipe"', inserted: 0, updated: 48_213, deleted: 0, certainty: 'exact' },
    ],
    verification: [
      tableQuery(
        'Every recipe category is mapped',
        ['mapped', 'unmapped'],
        [['*', '0']],
        [['48213', '0']],
        at('migrations/verify/20250115160000_fix_recipe_category_fields_backfill_verify.sql', 2),
      ),
    ],
  })
}

function categoryCutover(): MigrationReport {
  return migration('20250115160001', 'fix_recipe_category_fields_cutover', {
    durationMs: 702,
    expectDuration: '~30 seconds',
    lockImpact: 'Low (adds trigger and constraint)',
    steps: [
      step(1, 'transaction: 3 statements', {
        where: at(files.cutover, 5),
        durationMs: 690,
        statements: 3,
      }),
    ],
    verification: [
      passed(
        'constraint',
        'recipe_category_consistency_check',
        '"Recipe"',
        'CHECK ((category IS NULL) = ("categoryId" IS NULL)), VALID',
      ),
      passed(
        'trigger',
        'sync_recipe_category_trigger',
        '"Recipe"',
        'enabled, BEFORE INSERT OR UPDATE',
      ),
      passed('function', 'sync_recipe_category_from_id()', '', 'exists'),
      tableQuery(
        'Trigger exists',
        ['tgname', 'tgrelid'],
        [['sync_recipe_category_trigger', '"Recipe"']],
        [['sync_recipe_category_trigger', '"Recipe"']],
        at('migrations/verify/20250115160001_fix_recipe_category_fields_cutover_verify.sql', 2),
      ),
    ],
  })
}

function cleanup(): MigrationReport {
  return migration('20250122120000', 'drop_recipe_category_text', {
    outcome: 'disabled',
    durationMs: 0,
    reason:
      'Disabled in its file: remove the directive, not before 2025-01-22 12:10 UTC (seven days after 20250115160001)',
  })
}

const six = () => [
  uniqueConstraints(),
  missingForeignKeys(),
  checkConstraints(),
  performanceIndexes(),
  categoryBackfill(),
  categoryCutover(),
]

const notRun = (one: MigrationReport): MigrationReport => ({
  ...one,
  outcome: 'not-run',
  durationMs: 0,
  steps: one.steps.map((step) => ({ ...step, outcome: 'not-run' as const, durationMs: 0 })),
  verification: [],
  notices: [],
  rowEffects: [],
})

export const deployed = report({
  migrations: [...six(), cleanup()],
  locks: { blockers: [], blocked: [], looks: 1_204, everyMs: 250 },
  next: [
    'Nothing: the deployment is complete.',
    '20250122120000 drop_recipe_category_text becomes ready on 2025-01-22 12:10 UTC, when its directive is removed.',
  ],
})

export const nothingToDo = report({
  outcome: 'nothing-to-do',
  durationMs: 340,
  migrations: [
    ...six().map((one) => ({
      ...one,
      outcome: 'already-applied' as const,
      verification: [],
      notices: [],
      rowEffects: [],
    })),
    cleanup(),
  ],
})

const violated = {
  message:
    'check constraint "recipe_selling_price_positive" of relation "Recipe" is violated by some row',
  sqlstate: '23514',
  version: '20250115140000',
  where: at(files.check, 12, 3),
  excerpt: `ALTER TABLE "Recipe"
  ADD CONSTRAINT recipe_selling_price_positive CHECK ("sellingPrice" > 0)
  ^`,
  context:
    'SQL statement "ALTER TABLE ..."\nPL/pgSQL function inline_code_block line 3 at SQL statement',
  hint: 'SELECT id, "sellingPrice" FROM "Recipe" WHERE NOT ("sellingPrice" > 0) shows the rows.',
}

export const failedInTransaction = report({
  outcome: 'failed',
  exitCode: 1,
  durationMs: 5_120,
  error: violated,
  migrations: [
    uniqueConstraints(),
    missingForeignKeys(),
    {
      ...checkConstraints(),
      outcome: 'failed',
      durationMs: 88,
      reason: 'A row violates recipe_selling_price_positive',
      verification: [],
      steps: [
        step(1, 'transaction: 4 statements', {
          where: at(files.check, 6),
          outcome: 'failed',
          statements: 4,
        }),
      ],
      rollback: {
        by: 'transaction',
        statements: [],
        outcome: 'restored',
        difference: [],
        kept: [],
      },
    },
    notRun(performanceIndexes()),
    notRun(categoryBackfill()),
    notRun(categoryCutover()),
  ],
  next: [
    'Correct the rows or the constraint, then run the deployment again: it goes on with 20250115140000.',
    'The two migrations applied before stay; `pg-airlock rollback --last-run` undoes them.',
  ],
})

export const rolledBack = report({
  outcome: 'rolled-back',
  exitCode: 1,
  durationMs: 182_000,
  error: {
    message: 'could not create unique index "idx_recipe_list_covering"',
    sqlstate: '23505',
    detail: 'Key ("companyId", slug)=(17, pancakes) is duplicated.',
    version: '20250115150000',
    where: at(files.index, 24),
    excerpt: 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS idx_recipe_list_covering\n^',
  },
  migrations: [
    { ...uniqueConstraints(), outcome: 'already-applied', verification: [] },
    {
      ...performanceIndexes(),
      outcome: 'rolled-back',
      durationMs: 180_200,
      verification: [],
      steps: performanceIndexes().steps.map((step, index) => ({
        ...step,
        outcome:
          index < 3
            ? ('rolled-back' as const)
            : index === 3
              ? ('failed' as const)
              : ('not-run' as const),
      })),
      rollback: {
        by: 'inverses',
        statements: [
          'DROP INDEX CONCURRENTLY IF EXISTS public.idx_recipe_list_covering',
          'DROP INDEX CONCURRENTLY IF EXISTS public.idx_recipe_method_trgm',
          'DROP INDEX CONCURRENTLY IF EXISTS public.idx_recipe_description_trgm',
          'DROP INDEX CONCURRENTLY IF EXISTS public.idx_recipe_name_trgm',
        ],
        outcome: 'restored',
        difference: [],
        kept: [],
      },
    },
    notRun(categoryBackfill()),
  ],
  next: ['Remove the duplicates, then run the deployment again.'],
  fingerprint: {
    before: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    after: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    equal: true,
    difference: [],
  },
})

const difference = [
  '- constraint public."Recipe".recipe_category_consistency_check: CHECK (((category IS NULL) = ("categoryId" IS NULL)))',
  '+ constraint public."Recipe".recipe_category_consistency_check: CHECK (((category IS NULL) = ("categoryId" IS NULL))) NOT VALID',
]

export const needsAttention = report({
  outcome: 'needs-attention',
  exitCode: 3,
  durationMs: 91_400,
  error: {
    message: 'verify script: 1 of 2 queries did not return what it must',
    version: '20250115160000',
    where: at('migrations/verify/20250115160000_fix_recipe_category_fields_backfill_verify.sql', 2),
  },
  migrations: [
    { ...uniqueConstraints(), outcome: 'already-applied', verification: [] },
    {
      ...categoryBackfill(),
      outcome: 'failed',
      verification: [
        {
          ...tableQuery(
            'Every recipe category is mapped',
            ['mapped', 'unmapped'],
            [['*', '0']],
            [['48201', '12']],
            at(
              'migrations/verify/20250115160000_fix_recipe_category_fields_backfill_verify.sql',
              2,
            ),
          ),
          outcome: 'failed',
          reason: 'row 1, column unmapped: expected 0, found 12',
        },
        {
          kind: 'query',
          object: 'No recipe points at a missing category',
          table: '',
          expected: '',
          actual: '',
          outcome: 'not-checked',
          reason: 'permission denied for table "RecipeCategory" (42501): grant SELECT to deployer',
          where: at(
            'migrations/verify/20250115160000_fix_recipe_category_fields_backfill_verify.sql',
            14,
          ),
          query: {
            title: 'No recipe points at a missing category',
            columns: [],
            expectedRows: [],
            actualRows: [],
            actualRowCount: 0,
            conditions: ['rows = 0'],
          },
        },
      ],
      rollback: {
        by: 'script',
        statements: ['ALTER TABLE "Recipe" DROP COLUMN "categoryBackup"'],
        outcome: 'differs',
        difference,
        kept: ['public."Recipe": 48,213 updated', 'public."RecipeCategory": 14 inserted'],
      },
    },
    notRun(categoryCutover()),
  ],
  next: [
    'Look at the 12 unmapped recipes; then correct the backfill and deploy again.',
    'The journal holds the migration as failed: the next run stops before it until `pg-airlock rollback --only 20250115160000` or a corrected file.',
  ],
  fingerprint: { before: 'a'.repeat(64), after: 'b'.repeat(64), equal: false, difference },
})

export const refused = report({
  outcome: 'refused',
  exitCode: 2,
  durationMs: 61,
  target: null,
  session: [],
  error: {
    message: 'CREATE INDEX CONCURRENTLY stands inside a BEGIN … COMMIT of its own file',
    where: at(files.index, 12, 1),
    excerpt:
      'CREATE INDEX CONCURRENTLY idx_recipe_name_trgm ON "Recipe" USING gin (name gin_trgm_ops);\n^',
    why: 'PostgreSQL refuses it inside a transaction block (25001), so this file could never be applied',
    fix: 'remove the BEGIN in line 3 and the COMMIT in line 40: statements that allow no transaction run on their own',
  },
})

export const planned = report({
  command: 'plan',
  outcome: 'planned',
  durationMs: 210,
  migrations: [...six().map((one) => ({ ...notRun(one), outcome: 'pending' as const })), cleanup()],
  next: ['`pg-airlock deploy` carries this plan out.'],
})

export const cancelled = report({
  outcome: 'cancelled',
  exitCode: 130,
  durationMs: 44_000,
  error: {
    message: 'canceling statement due to user request',
    sqlstate: '57014',
    version: '20250115150000',
    where: at(files.index, 9),
  },
  migrations: [
    uniqueConstraints(),
    {
      ...performanceIndexes(),
      outcome: 'rolled-back',
      verification: [],
      rollback: {
        by: 'inverses',
        statements: ['DROP INDEX CONCURRENTLY IF EXISTS public.idx_recipe_name_trgm'],
        outcome: 'restored',
        difference: [],
        kept: [],
      },
    },
    notRun(categoryBackfill()),
  ],
  next: ['Run the deployment again when you are ready: it goes on with 20250115150000.'],
})

export const verified = report({
  command: 'verify',
  outcome: 'verified',
  durationMs: 930,
  migrations: six().map((one) => ({
    ...one,
    outcome: 'already-applied' as const,
    notices: [],
    rowEffects: [],
  })),
})

export const verificationFailed = report({
  command: 'verify',
  outcome: 'failed',
  exitCode: 1,
  durationMs: 930,
  migrations: [
    {
      ...performanceIndexes(),
      outcome: 'already-applied',
      verification: [
        ...performanceIndexes().verification.slice(0, 7),
        {
          kind: 'index',
          object: 'idx_notification_unread',
          table: '"Notification"',
          expected: 'btree ("userId"), VALID',
          actual: 'INVALID',
          outcome: 'failed',
          reason: 'a build that failed half way leaves such an index',
          where: at(files.index, 44),
        },
        {
          kind: 'index',
          object: 'idx_wholesale_order_status_date',
          table: '"WholesaleOrder"',
          expected: 'btree ("userId"), VALID',
          actual: '',
          outcome: 'not-checked',
          reason: 'its expression cannot be compared with the server’s own spelling',
          where: at(files.index, 49),
        },
      ],
    },
  ],
})

export const commandRollback = report({
  command: 'rollback',
  outcome: 'rolled-back',
  durationMs: 2_400,
  migrations: [
    { ...uniqueConstraints(), outcome: 'already-applied', verification: [] },
    {
      ...categoryCutover(),
      outcome: 'rolled-back',
      verification: [],
      rollback: {
        by: 'script',
        statements: [
          'DROP TRIGGER IF EXISTS sync_recipe_category_trigger ON "Recipe"',
          'DROP FUNCTION IF EXISTS sync_recipe_category_from_id()',
          'ALTER TABLE "Recipe" DROP CONSTRAINT IF EXISTS recipe_category_consistency_check',
        ],
        outcome: 'restored',
        difference: [],
        kept: [],
      },
    },
  ],
})

export const hundreds = report({
  durationMs: 61_000,
  migrations: Array.from({ length: 500 }, (_, index) => {
    const version = String(20240101000000 + index)
    return migration(version, `add_a_table_with_quite_a_long_descriptive_name_number_${index}`, {
      outcome: index < 300 ? 'already-applied' : 'applied',
      steps: [step(1, 'transaction: 2 statements', { where: at(`migrations/${version}.sql`, 1) })],
      verification:
        index < 300
          ? []
          : [
              passed('table', `table_${index}`, `table_${index}`, 'exists'),
              passed('index', `table_${index}_idx`, `table_${index}`, 'btree ("userId"), VALID'),
            ],
    })
  }),
})

/** Text that tries to be markup, a command, a mention, another line, or something that is not seen. */
export const poison =
  'a|b\\|c`d``e\n::error::x\n##[error]y <img src=x onerror=alert(1)> [l](http://e.vil) ![i](u) @admin #1 $x$ \u202e\u200b\u001b[31m</details>```'

export const hostile = report({
  outcome: 'failed',
  exitCode: 1,
  target: { ...target, name: poison, database: poison, host: poison, user: poison },
  runId: poison,
  error: {
    message: poison,
    detail: poison,
    hint: poison,
    context: poison,
    excerpt: poison,
    sqlstate: 'P0001',
    version: '1',
  },
  migrations: [
    migration('1', poison, {
      file: poison,
      outcome: 'failed',
      reason: poison,
      expectDuration: poison,
      lockImpact: poison,
      steps: [step(1, poison, { where: at(poison, 1), why: poison, outcome: 'failed' })],
      rowEffects: [
        {
          table: poison,
          inserted: 1,
          updated: 0,
          deleted: 0,
          certainty: 'not-checked',
          reason: poison,
        },
      ],
      notices: [
        {
          severity: 'WARNING',
          code: '01000',
          message: poison,
          detail: poison,
          where: at(poison, 3),
        },
      ],
      verification: [
        {
          kind: 'constraint',
          object: poison,
          table: poison,
          expected: poison,
          actual: poison,
          outcome: 'failed',
          reason: poison,
          where: at(poison, 2),
        },
        {
          ...tableQuery(poison, [poison, 'b'], [[poison, '1']], [[poison, null]], at(poison, 4)),
          outcome: 'failed',
          reason: poison,
        },
      ],
      rollback: {
        by: 'script',
        statements: [poison],
        outcome: 'differs',
        difference: [`- ${poison}`],
        kept: [poison],
        reason: poison,
      },
      warnings: [{ id: 'x', severity: 'warning', message: poison, where: at(poison, 9) }],
    }),
  ],
  locks: {
    blockers: [
      {
        pid: 1,
        application: poison,
        user: poison,
        client: poison,
        state: poison,
        transactionAgeMs: 1,
        queryStartedAt: null,
        query: poison,
        version: poison,
        step: 1,
        where: at(poison, 1),
        waitedMs: 1,
      },
    ],
    blocked: [
      {
        application: poison,
        user: poison,
        query: poison,
        version: poison,
        step: 1,
        where: at(poison, 1),
        behind: 'held',
        sessions: 1,
        longestMs: 1,
      },
    ],
    looks: 1,
    everyMs: 250,
    reason: poison,
  },
  next: [poison],
  warnings: [poison],
})

export const samples: Readonly<Record<string, Report>> = {
  deployed,
  nothingToDo,
  failedInTransaction,
  rolledBack,
  needsAttention,
  refused,
  planned,
  cancelled,
  verified,
  verificationFailed,
  commandRollback,
  hundreds,
  hostile,
}
