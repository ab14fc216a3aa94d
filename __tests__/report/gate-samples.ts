import type {
  BackupReport,
  BaselineReport,
  CheckGroup,
  CheckReport,
  CriterionReport,
  Report,
  RestorePointReport,
  SmokeResult,
} from '../../src/report/types.ts'
import { at, deployed, migration, passed, planned, poison, report } from './samples.ts'

/** Reports with gates, evidence and criteria: a whole deployment by the runbook, and what can become of it. */

const foreignFile = 'migrations/20250115130000_add_missing_foreign_keys_production_safe.sql'
const checkFile = 'migrations/20250115140000_add_check_constraints.sql'

export function check(
  group: CheckGroup,
  id: string,
  title: string,
  found: string,
  more: Partial<CheckReport> = {},
): CheckReport {
  return { id, group, title, outcome: 'passed', expected: found, actual: found, ...more }
}

const checks: readonly CheckReport[] = [
  check('server', 'server.version', 'PostgreSQL version', '16.14', {
    expected: '16.14, as staging',
  }),
  check('server', 'server.primary', 'Role of the server', 'primary, not in recovery', {
    expected: 'primary',
  }),
  check('server', 'server.tls', 'Connection', 'TLSv1.3', { expected: 'TLS' }),
  check('server', 'server.pooler', 'Transaction pooler in between', 'none'),
  check('server', 'server.encoding', 'Encoding and collation version', 'UTF8, 2.36', {
    expected: 'UTF8, 2.36',
  }),
  check('server', 'server.timeouts', 'Timeouts set and read back', '3 of 3'),
  check('extensions', 'extensions.pg_trgm', 'Extension pg_trgm', '1.6', {
    expected: '1.6, as staging',
  }),
  check('extensions', 'extensions.uuid-ossp', 'Extension uuid-ossp', '1.1', {
    expected: '1.1, as staging',
  }),
  check('extensions', 'extensions.citext', 'Extension citext', '1.6', {
    expected: '1.6, as staging',
  }),
  check('privileges', 'privileges.ownership', 'Ownership of the tables that change', '9 of 9'),
  check('privileges', 'privileges.create', 'CREATE on schema public', 'granted'),
  check('privileges', 'privileges.references', 'REFERENCES on "User"', 'granted'),
  check('risk', 'risk.long-transactions', 'Long transactions in the way', 'none older than 5min'),
  check('risk', 'risk.idle-in-transaction', 'Idle in transaction in the way', 'none'),
  check('risk', 'risk.prepared', 'Prepared transactions in the way', 'none'),
  check('risk', 'risk.lock-waits', 'Lock waits now', 'none'),
  check('risk', 'risk.replication-lag', 'Replication lag', '1 standby, 40 ms', {
    expected: 'at most 30s',
  }),
  check('risk', 'risk.connection-slots', 'Free connections', '61', { expected: 'at least 5' }),
  check('risk', 'risk.transaction-id-age', 'Transaction id age', '188,204,911', {
    expected: 'at most 1,500,000,000',
  }),
  check('risk', 'risk.free-space', 'Room for new indexes', '412 GB free, 3.1 GB needed', {
    expected: 'at least 3.1 GB',
  }),
  ...['Company.ownerId', 'ProductionPlan.createdBy', 'ProductionTask.assignedTo'].map((column) =>
    check('data', 'data.foreign-key', `Orphans of ${column}`, 'no rows', {
      where: at(foreignFile, 12),
    }),
  ),
  check('data', 'data.unique', 'Duplicates of RecipeItem (recipeId, ingredientId)', 'no rows'),
  check('data', 'data.unique', 'Duplicates of RecipeSection (recipeId, order)', 'no rows'),
  check('data', 'data.check', 'Rows that violate recipe_selling_price_positive', 'no rows'),
  check('data', 'data.check', 'Rows that violate ingredient_pack_price_positive', 'no rows'),
  check('drift', 'drift.catalog', 'Changes by hand since the last deployment', 'none'),
  check('approval', 'approval.digest', 'Approved plan', '4f2c9d1e8a7b'),
  check('risk', 'risk.invalid-indexes', 'Invalid indexes', '1', {
    outcome: 'warned',
    expected: 'none',
    reason: 'a failed build leaves an index that costs every write and serves no query',
    fix: 'drop it, or build it again with `REINDEX INDEX CONCURRENTLY`',
    details: ['index public.idx_old_recipe_slug on public."Recipe" (12 MB)'],
  }),
  check('server', 'server.replica-identity', 'Subscribers of the tables that change', '', {
    outcome: 'not-checked',
    expected: 'no subscriber behind',
    actual: '',
    reason: 'permission denied for view pg_replication_slots',
    fix: 'GRANT pg_monitor TO deployer',
  }),
]

const backup: BackupReport = {
  kind: 'pg_dump',
  outcome: 'passed',
  path: 'backups/recipe_20250115_120004.dump',
  bytes: 1_317_011_456,
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  startedAt: '2025-01-15T12:00:04.000Z',
  durationMs: 184_000,
  checks: [
    check(
      'backup',
      'backup.program',
      'pg_dump beside the server',
      'pg_dump 16.14, PostgreSQL 16.14',
    ),
    check('backup', 'backup.readable', 'Readable', 'pg_restore lists 41 tables'),
    check('backup', 'backup.tables', 'Holds the tables of the plan', 'all 9'),
    check('backup', 'backup.size', 'Plausible size', '1.2 GB of a 4.9 GB database'),
  ],
}

const restorePoint: RestorePointReport = {
  name: 'pre_fix_batch_production_20250115',
  lsn: '2F/4A0000D8',
  walFile: '000000010000002F0000004A',
  archive: 'archived',
  createdAt: '2025-01-15T12:03:09.000Z',
  outcome: 'passed',
}

const top = (mean: string): (string | null)[][] => [
  ['SELECT * FROM "Recipe" WHERE name ILIKE $1', '48213', mean, '9184.2'],
  ['UPDATE "InventoryMovement" SET quantity = $1 WHERE id = $2', '9120', '4.11', '37483.2'],
  ['SELECT count(*) FROM "Notification" WHERE "readAt" IS NULL', '61200', '2.02', '123624.0'],
]

const baseline: BaselineReport = {
  capturedAt: '2025-01-15T12:03:11.000Z',
  capturedAfterAt: '2025-01-15T12:10:12.000Z',
  rows: [
    {
      table: 'public."Recipe"',
      before: 48_213,
      after: 48_215,
      byUs: 0,
      byOthers: 2,
      exact: true,
    },
    {
      table: 'public."RecipeCategory"',
      before: 0,
      after: 14,
      byUs: 14,
      byOthers: 0,
      exact: true,
    },
    {
      table: 'public."RecipeItem"',
      before: 512_044,
      after: 512_044,
      byUs: 0,
      byOthers: 0,
      exact: true,
    },
    {
      table: 'public."RecipeSection"',
      before: 96_120,
      after: 96_120,
      byUs: 0,
      byOthers: 0,
      exact: true,
    },
    {
      table: 'public."SalesRecord"',
      before: 41_204_000,
      after: 41_209_000,
      byUs: 0,
      byOthers: null,
      exact: false,
      reason: 'counting took longer than 10s',
    },
  ],
  probes: [
    {
      name: 'max("updatedAt") of Recipe',
      before: '2025-01-15 11:59:58.201+00',
      after: '2025-01-15 12:09:41.882+00',
      note: 'the backfill sets it',
    },
    { name: 'max("updatedAt") of Ingredient', before: '2025-01-14 08:11:00+00', after: null },
  ],
  queries: [
    {
      title: 'Table sizes',
      where: at('docs/db/observability.sql', 3),
      columns: ['table', 'total', 'indexes'],
      before: [
        ['Recipe', '48 MB', '12 MB'],
        ['RecipeItem', '91 MB', '22 MB'],
      ],
      after: [
        ['Recipe', '103 MB', '64 MB'],
        ['RecipeItem', '91 MB', '22 MB'],
      ],
      difference: ['- Recipe | 48 MB | 12 MB', '+ Recipe | 103 MB | 64 MB'],
    },
    {
      title: 'Unused indexes',
      where: at('docs/db/observability.sql', 14),
      columns: ['index'],
      before: [],
      after: [],
      difference: [],
    },
    {
      title: 'Bloat',
      where: at('docs/db/observability.sql', 31),
      columns: [],
      before: [],
      after: null,
      difference: [],
      error: '42883: function pgstattuple(regclass) does not exist',
    },
  ],
  statements: [
    {
      title: 'Slowest statements by mean time',
      columns: ['query', 'calls', 'mean_exec_time', 'total_exec_time'],
      before: top('190.4'),
      after: top('3.8'),
      difference: [
        '- SELECT * FROM "Recipe" WHERE name ILIKE $1 | 48213 | 190.4 | 9184.2',
        '+ SELECT * FROM "Recipe" WHERE name ILIKE $1 | 48213 | 3.8 | 9184.2',
      ],
    },
  ],
  counters: [
    { name: 'xact_commit', before: '0', after: '18204' },
    { name: 'xact_rollback', before: '0', after: '3' },
    { name: 'deadlocks', before: '0', after: '0' },
    { name: 'temp_bytes', before: '0', after: '8 MB' },
  ],
  invalid: [{ name: 'index public.idx_old_recipe_slug', before: 'INVALID', after: 'INVALID' }],
  notes: [],
}

function smoked(
  name: string,
  when: SmokeResult['when'],
  more: Partial<SmokeResult> = {},
): SmokeResult {
  return {
    name,
    kind: 'http',
    when,
    outcome: 'passed',
    expected: 'status 200, length > 0',
    actual: 'status 200, length 48,213',
    attempts: 1,
    latencyMs: 23,
    connectionErrors: 0,
    ...more,
  }
}

const smokeNames = ['GET /api/recipes', 'GET /api/recipes/1', 'GET /dashboard/recipes'] as const
const versions = deployed.migrations
  .filter(({ outcome }) => outcome === 'applied')
  .map(({ version }) => version)

const smoke: SmokeResult[] = [
  ...smokeNames.map((name) => smoked(name, 'before')),
  ...versions.flatMap((version) =>
    smokeNames.map((name) => smoked(name, 'after-migration', { version })),
  ),
  smoked(smokeNames[0], 'end', { attempts: 4, connectionErrors: 3, latencyMs: 31 }),
  smoked(smokeNames[1], 'end'),
  smoked(smokeNames[2], 'end', { latencyMs: 640 }),
]

function criterion(
  id: CriterionReport['id'],
  title: string,
  actual: string,
  more: Partial<CriterionReport> = {},
): CriterionReport {
  return { id, title, outcome: 'passed', expected: actual, actual, ...more }
}

const criteria: CriterionReport[] = [
  criterion('constraints', 'All constraints created and VALID', '11 of 11'),
  criterion('indexes', 'All indexes created and VALID', '9 of 9'),
  criterion(
    'row-counts',
    'Row counts unchanged',
    '5 tables: nothing changed but by the migrations and by traffic',
  ),
  criterion('application-errors', 'No application errors', '0 lines match in app/error.log'),
  criterion('performance', 'Query performance improved or unchanged', '', {
    outcome: 'not-checked',
    expected: 'at most 1.5 times slower',
    reason: 'no interval observed: set `observe-for`',
  }),
  criterion('lock-waits', 'No increased lock waits', '0 before, 0 after'),
  criterion('smoke-tests', 'All smoke tests pass', '3 of 3, at the end'),
]

const contacts = [
  { role: 'Database team', contact: '#db-team, db-team@recipes.example' },
  { role: 'On-call engineer', contact: '+1 555 0100 (PagerDuty: recipes-primary)' },
  { role: 'Escalation', contact: 'cto@recipes.example' },
]

const origin = {
  who: 'anna',
  approvedBy: 'ben',
  commit: '4f2c9d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d',
  runUrl: 'https://github.com/recipes/app/actions/runs/7210044',
}

const planDigest = 'sha256:4f2c9d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d'

const evidence = {
  origin,
  checks: [...checks],
  backup,
  restorePoint,
  baseline,
  smoke,
  criteria,
  contacts,
  planDigest,
}

/** The runbook carried out, every section of it filled. */
export const wholeRunbook: Report = { ...deployed, ...evidence }

const orphans: CheckReport = check(
  'data',
  'data.foreign-key',
  'Orphans of "Company"."ownerId"',
  'no rows',
  {
    outcome: 'failed',
    actual: '3 rows of 1,000,000',
    reason:
      'VALIDATE CONSTRAINT "Company_ownerId_fkey" would fail (23503): these rows point at no "User"',
    fix: 'correct or delete the rows: `SELECT id, "ownerId" FROM "Company" c WHERE NOT EXISTS (SELECT FROM "User" u WHERE u.id = c."ownerId")`',
    where: at(foreignFile, 34, 3),
    details: ['(id)=(1042) "ownerId"=99', '(id)=(77120) "ownerId"=99', '(id)=(912044) "ownerId"=7'],
  },
)

const blocker: CheckReport = check(
  'risk',
  'risk.idle-in-transaction',
  'Idle in transaction in the way',
  'none for longer than 1min',
  {
    outcome: 'failed',
    actual: '1 session, 14 min',
    reason: 'ALTER TABLE "Recipe" waits for it, and every query on "Recipe" would wait behind that',
    fix: 'let the session end its transaction, or end it: `SELECT pg_terminate_backend(4711)`',
    where: at(checkFile, 6),
    details: [
      'pid 4711, psql of anna from 10.0.3.7, idle in transaction for 14 min, AccessShareLock on public."Recipe": SELECT * FROM "Recipe" WHERE id = 1',
    ],
  },
)

const failedFirst = (failed: readonly CheckReport[]): CheckReport[] => [
  ...checks.filter(
    ({ id, title }) => !failed.some((one) => one.id === id && one.title.includes(title)),
  ),
  ...failed,
]

const shut = failedFirst([orphans, blocker])

/** Two gates are shut. */
export const refusedAtGates: Report = report({
  outcome: 'refused',
  exitCode: 1,
  durationMs: 1_940,
  origin,
  contacts,
  migrations: deployed.migrations.map((one) => ({
    ...one,
    outcome: one.outcome === 'disabled' ? 'disabled' : 'not-run',
    durationMs: 0,
    steps: one.steps.map((step) => ({ ...step, outcome: 'not-run', durationMs: 0 })),
    verification: [],
    rowEffects: [],
    notices: [],
  })),
  checks: shut,
  error: {
    message: `${orphans.title}: expected no rows, found 3 rows of 1,000,000 (and 1 more checks failed).`,
    why: orphans.reason ?? '',
    fix: orphans.fix ?? '',
    ...(orphans.where === undefined ? {} : { where: orphans.where }),
  },
  next: [orphans.fix ?? '', 'Deploy again when the gates are open: nothing was changed.'],
})

/** The plan of the same moment: shut gates refuse nothing yet. */
export const plannedBeforeShutGates: Report = {
  ...planned,
  checks: shut,
  planDigest,
}

/** A role that may look at nothing. */
export const leastPrivilege: Report = {
  ...deployed,
  checks: checks.map((one) => ({
    ...one,
    outcome: 'not-checked',
    actual: '',
    reason: `permission denied (42501) for what ${one.id} reads`,
    fix:
      one.group === 'data'
        ? 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO deployer'
        : 'GRANT pg_monitor TO deployer',
    details: [],
  })),
  backup: {
    kind: 'none',
    outcome: 'not-checked',
    durationMs: 0,
    checks: [],
    reason: 'demo database',
  },
  restorePoint: {
    name: 'pre_recipe_20250115',
    lsn: null,
    archive: 'not known',
    outcome: 'not-checked',
    reason:
      'permission denied for function pg_create_restore_point: `GRANT EXECUTE ON FUNCTION pg_catalog.pg_create_restore_point(text) TO deployer`',
  },
  baseline: {
    capturedAt: '2025-01-15T12:03:11.000Z',
    capturedAfterAt: null,
    rows: ['"Recipe"', '"RecipeItem"'].map((name) => ({
      table: `public.${name}`,
      before: null,
      after: null,
      byUs: null,
      byOthers: null,
      exact: false,
      reason: 'permission denied (42501)',
    })),
    probes: [],
    queries: [],
    statements: [],
    counters: [],
    invalid: [],
    notes: [
      'pg_stat_statements hides the statements of others: `GRANT pg_read_all_stats TO deployer`',
    ],
  },
  smoke: [],
  criteria: criteria.map((one) => ({
    ...one,
    outcome: 'not-checked',
    actual: '',
    reason: 'permission denied (42501)',
  })),
  contacts,
}

/** All migrations went through; then the application answered 500, and the run was undone. */
export const failedCriteria: Report = report({
  ...evidence,
  outcome: 'rolled-back',
  exitCode: 1,
  durationMs: 640_000,
  error: {
    message: 'The deployment did not meet 2 of its 7 success criteria',
    why: 'criteria that are `fail` in airlock.yml trigger `on-failure`, which is `rollback`',
    fix: 'find out why /api/recipes answers 500 with these migrations, mend them and deploy again',
  },
  migrations: deployed.migrations.map((one) =>
    one.outcome === 'applied'
      ? {
          ...one,
          outcome: 'rolled-back',
          rollback: {
            by: 'script',
            statements: ['ALTER TABLE "Recipe" DROP CONSTRAINT IF EXISTS a'],
            outcome: 'restored',
            difference: [],
            kept: one.version === '20250115160000' ? ['public."Recipe": 48,213 updated'] : [],
          },
        }
      : one,
  ),
  fingerprint: { before: 'c'.repeat(64), after: 'c'.repeat(64), equal: true, difference: [] },
  smoke: [
    ...smoke.slice(0, 3),
    smoked(smokeNames[0], 'end', {
      outcome: 'failed',
      actual: 'status 500: column "category" is ambiguous',
      attempts: 3,
      reason: 'it passed before the deployment',
    }),
    ...smoke.slice(-2),
  ],
  criteria: criteria.map((one): CriterionReport => {
    if (one.id === 'smoke-tests')
      return {
        ...one,
        outcome: 'failed',
        expected: '3 of 3',
        actual: '2 of 3',
        details: ['GET /api/recipes: status 500: column "category" is ambiguous'],
      }
    if (one.id === 'application-errors')
      return {
        ...one,
        outcome: 'failed',
        expected: 'at most 0 lines',
        actual: '14 lines',
        details: Array.from(
          { length: 14 },
          (_, index) => `12:09:${10 + index} ERROR database: column reference is ambiguous`,
        ),
      }
    return one
  }),
  next: [
    'Mend the migration and deploy again: the database is where it was.',
    'The 48,213 updated rows of "Recipe" are kept: look at them before the next run.',
    "Should the database have to go back, hand this to whoever restores it: recovery_target_name = 'pre_fix_batch_production_20250115'",
  ],
})

/** One check an object, in a database that has many. */
export const fiveHundredChecks: Report = {
  ...deployed,
  checks: Array.from({ length: 500 }, (_, index) =>
    check('data', 'data.foreign-key', `Orphans of table_${index}.parent_id`, 'no rows', {
      ...(index % 50 === 0
        ? {
            outcome: 'warned' as const,
            actual: '1 row',
            reason: 'it would not pass VALIDATE CONSTRAINT',
            fix: 'look at the row',
            details: Array.from({ length: 100 }, (_, row) => `(id)=(${row})`),
          }
        : {}),
    }),
  ),
}

/** Sections that hold nothing: none of them may leave a bare heading. */
export const emptySections: Report = report({
  migrations: [migration('1', 'a', { verification: [passed('table', 'a', '', 'exists')] })],
  baseline: {
    capturedAt: '2025-01-15T12:03:11.000Z',
    capturedAfterAt: null,
    rows: [],
    probes: [],
    queries: [],
    statements: [],
    counters: [],
    invalid: [],
    notes: [],
  },
  backup: { kind: 'command', outcome: 'passed', durationMs: 4, checks: [] },
})

const long = 'a_table_with_a_name_as_long_as_postgres_allows_which_is_63_byte'

const badCheck = (outcome: CheckReport['outcome']): CheckReport =>
  check('data', 'data.check', poison, poison, {
    outcome,
    reason: poison,
    fix: poison,
    where: at(poison, 3),
    details: [poison, `${long} ${poison}`],
  })

const badFigure = { name: poison, before: poison, after: `${poison} `, note: poison }

const badSet = {
  title: poison,
  where: at(poison, 1),
  columns: [poison, 'b'],
  before: [[poison, null]],
  after: [[poison, null]],
  difference: [`- ${poison}`, `+ ${poison}`],
}

const badSmoke: SmokeResult = smoked(poison, 'after-migration', {
  version: poison,
  outcome: 'failed',
  expected: poison,
  actual: poison,
  reason: poison,
})

const hostileEvidence = {
  origin: { who: poison, commit: poison, runUrl: poison, approvedBy: poison },
  backup: {
    ...backup,
    outcome: 'warned' as const,
    path: poison,
    sha256: poison,
    startedAt: poison,
    checks: [badCheck('failed'), badCheck('passed')],
    reason: poison,
  },
  restorePoint: {
    ...restorePoint,
    name: poison,
    lsn: poison,
    walFile: poison,
    archive: poison,
    createdAt: poison,
    reason: poison,
  },
  baseline: {
    ...baseline,
    rows: [{ ...baseline.rows[0], table: poison, exact: false, reason: poison }].map((one) => ({
      before: 1,
      after: 1,
      byUs: 0,
      byOthers: 0,
      ...one,
    })),
    probes: [badFigure],
    queries: [badSet, { ...badSet, error: poison }],
    statements: [badSet],
    counters: [badFigure],
    invalid: [badFigure],
    notes: [poison],
  },
  smoke: [badSmoke],
  criteria: criteria.map((one, index) => ({
    ...one,
    outcome: (['passed', 'failed', 'warned', 'not-checked'] as const)[index % 4] ?? 'failed',
    title: poison,
    expected: poison,
    actual: poison,
    reason: poison,
    details: [poison],
  })),
  contacts: [{ role: poison, contact: poison }],
  planDigest: poison,
}

/** Names of the worst kind at shut gates. */
export const hostileGates: Report = report({
  ...hostileEvidence,
  outcome: 'refused',
  exitCode: 1,
  error: { message: poison, why: poison, fix: poison },
  checks: [
    ...Array.from({ length: 12 }, () => badCheck('failed')),
    badCheck('warned'),
    badCheck('not-checked'),
    badCheck('not-checked'),
    badCheck('passed'),
  ],
  next: [poison],
})

/** The same where everything was done, and failed. */
export const hostileEnding: Report = report({
  ...hostileEvidence,
  outcome: 'needs-attention',
  exitCode: 3,
  error: { message: poison, why: poison, fix: poison },
  checks: [badCheck('passed'), badCheck('warned')],
})

/** A big database: 2,000 tables counted, 20,000 constraints verified. */
export function bigDatabase(): Report {
  const tables = Array.from({ length: 2_000 }, (_, index) => `public.${long.slice(0, 50)}_${index}`)
  return report({
    ...evidence,
    migrations: [
      migration('1', 'everything', {
        verification: Array.from({ length: 20_000 }, (_, index) =>
          passed(
            'constraint',
            `${long.slice(0, 50)}_${index}_fkey`,
            tables[index % 2_000] ?? '',
            'FOREIGN KEY ("recipeId") REFERENCES "Recipe"(id) ON DELETE CASCADE, VALID',
          ),
        ),
      }),
    ],
    checks: tables.map((table) =>
      check('data', 'data.foreign-key', `Orphans of ${table}.parent_id`, 'no rows', {
        outcome: table.endsWith('7') ? 'not-checked' : 'passed',
        reason: 'the time for data prechecks was used up',
        details: [table],
      }),
    ),
    baseline: {
      ...baseline,
      rows: tables.map((table, index) => ({
        table,
        before: index,
        after: index + (index % 3),
        byUs: 0,
        byOthers: index % 3,
        exact: index % 2 === 0,
        reason: 'counting took longer than 10s',
      })),
    },
    criteria,
  })
}

export const gateSamples: Readonly<Record<string, Report>> = {
  wholeRunbook,
  refusedAtGates,
  plannedBeforeShutGates,
  leastPrivilege,
  failedCriteria,
  fiveHundredChecks,
  emptySections,
  hostileGates,
  hostileEnding,
}
