import { z } from 'zod'
import type {
  BackupReport,
  BaselineReport,
  BaselineRow,
  BlockedReport,
  BlockerReport,
  CheckReport,
  CriterionReport,
  ErrorReport,
  LocksReport,
  MigrationReport,
  QueryTable,
  Report,
  RestorePointReport,
  ResultSetReport,
  RowCountReport,
  RowEffect,
  ServerNotice,
  SessionSetting,
  SmokeResult,
  StepReport,
  TargetReport,
  UndoReport,
  Verification,
} from './types.ts'

/** The JSON report as a schema: objects are open, for later versions only add keys. */

const place = z.object({
  file: z.string(),
  line: z.int().min(1),
  column: z.int().min(1),
})

const durationMs = z.number().min(0)
const count = z.int().min(0)

const error = z
  .object({
    message: z.string().describe('What failed, one sentence'),
    sqlstate: z.string().exactOptional(),
    detail: z.string().exactOptional(),
    hint: z.string().exactOptional(),
    context: z.string().exactOptional(),
    where: place.exactOptional(),
    excerpt: z.string().describe('The statement, shortened, with a caret line').exactOptional(),
    version: z.string().describe('The migration at fault').exactOptional(),
    why: z.string().exactOptional(),
    fix: z.string().exactOptional(),
  })
  .meta({ id: 'error' }) satisfies z.ZodType<ErrorReport>

const query = z
  .object({
    title: z.string(),
    columns: z.array(z.string()),
    expectedRows: z.array(z.array(z.string())),
    actualRows: z.array(z.array(z.string().nullable())).max(100),
    actualRowCount: count,
    conditions: z.array(z.string()),
  })
  .meta({ id: 'query' }) satisfies z.ZodType<QueryTable>

const verification = z
  .object({
    kind: z.string(),
    object: z.string(),
    table: z.string(),
    expected: z.string(),
    actual: z.string(),
    outcome: z.enum(['passed', 'warned', 'failed', 'not-checked']),
    reason: z.string().exactOptional(),
    where: place.exactOptional(),
    query: query.exactOptional(),
  })
  .meta({ id: 'verification' }) satisfies z.ZodType<Verification>

const rowEffect = z
  .object({
    table: z.string(),
    inserted: count,
    updated: count,
    deleted: count,
    certainty: z.enum(['exact', 'at-most', 'not-checked']),
    removed: z
      .object({ by: z.enum(['TRUNCATE', 'DROP TABLE', 'DETACH PARTITION']), rows: count })
      .exactOptional(),
    reason: z.string().exactOptional(),
  })
  .meta({ id: 'rowEffect' }) satisfies z.ZodType<RowEffect>

const notice = z
  .object({
    severity: z.string(),
    code: z.string(),
    message: z.string(),
    detail: z.string().exactOptional(),
    hint: z.string().exactOptional(),
    where: place.exactOptional(),
  })
  .meta({ id: 'notice' }) satisfies z.ZodType<ServerNotice>

const step = z
  .object({
    ordinal: z.int().min(1),
    kind: z.enum(['transaction', 'statement', 'batch']),
    title: z.string(),
    why: z.string().describe('Why the file was cut here').exactOptional(),
    outcome: z.enum(['done', 'failed', 'rolled-back', 'not-run']),
    durationMs,
    statements: count,
    where: place,
    batches: count.exactOptional(),
    retries: count.exactOptional(),
    waitedMs: durationMs.describe('Time spent waiting for locks').exactOptional(),
    progress: z
      .string()
      .describe('How far a statement had come that ended before it was done')
      .exactOptional(),
  })
  .meta({ id: 'step' }) satisfies z.ZodType<StepReport>

const undo = z
  .object({
    by: z.enum(['transaction', 'script', 'inverses', 'none']),
    statements: z.array(z.string()),
    outcome: z.enum(['restored', 'differs', 'failed', 'not-run']),
    difference: z.array(z.string()).describe('Lines "- before" and "+ after"'),
    kept: z.array(z.string()).describe('Committed row changes that stay'),
    foreign: z
      .array(z.string())
      .describe('What other sessions changed meanwhile, outside the objects of the migration')
      .exactOptional(),
    error: error.exactOptional(),
    reason: z.string().exactOptional(),
  })
  .meta({ id: 'undo' }) satisfies z.ZodType<UndoReport>

const planNote = z
  .object({
    id: z.string(),
    severity: z.enum(['info', 'warning']),
    message: z.string(),
    where: place,
  })
  .meta({ id: 'planNote' })

const migration = z
  .object({
    version: z.string(),
    name: z.string(),
    file: z.string(),
    outcome: z.enum([
      'applied',
      'already-applied',
      'pending',
      'disabled',
      'waiting',
      'failed',
      'rolled-back',
      'not-run',
    ]),
    durationMs,
    steps: z.array(step),
    rowEffects: z.array(rowEffect),
    notices: z.array(notice),
    verification: z.array(verification),
    rollback: undo.nullable(),
    warnings: z.array(planNote),
    expectDuration: z.string().exactOptional(),
    lockImpact: z.string().exactOptional(),
    reason: z.string().exactOptional(),
  })
  .meta({ id: 'migration' }) satisfies z.ZodType<MigrationReport>

const target = z
  .object({
    name: z.string().exactOptional(),
    host: z.string(),
    port: z.int().min(0).max(65_535),
    database: z.string(),
    user: z.string(),
    role: z.string().exactOptional(),
    serverVersion: z.string(),
    systemIdentifier: z.string().exactOptional(),
    tls: z.string(),
  })
  .meta({ id: 'target' }) satisfies z.ZodType<TargetReport>

const setting = z
  .object({ name: z.string(), set: z.string(), readBack: z.string() })
  .meta({ id: 'setting' }) satisfies z.ZodType<SessionSetting>

const checkOutcome = z.enum(['passed', 'warned', 'failed', 'not-checked'])
const text = z.string().exactOptional()
const lines = z.array(z.string())

const check = z
  .object({
    id: z.string().describe('Stable: server.version, data.foreign-key'),
    group: z.enum([
      'server',
      'extensions',
      'privileges',
      'risk',
      'data',
      'drift',
      'approval',
      'backup',
      'restore point',
    ]),
    title: z.string(),
    outcome: checkOutcome,
    expected: z.string(),
    actual: z.string(),
    reason: text,
    fix: text,
    where: place.exactOptional(),
    details: lines.exactOptional(),
  })
  .meta({ id: 'check' }) satisfies z.ZodType<CheckReport>

const backup = z
  .object({
    kind: z.enum(['pg_dump', 'command', 'proof', 'none']),
    outcome: checkOutcome,
    path: text,
    bytes: count.exactOptional(),
    sha256: text,
    startedAt: text,
    durationMs,
    checks: z.array(check),
    reason: text,
  })
  .meta({ id: 'backup' }) satisfies z.ZodType<BackupReport>

const restorePoint = z
  .object({
    name: z.string(),
    lsn: z.string().nullable(),
    walFile: text,
    switched: z.boolean().exactOptional(),
    archive: z.string(),
    createdAt: text,
    outcome: checkOutcome,
    reason: text,
  })
  .meta({ id: 'restorePoint' }) satisfies z.ZodType<RestorePointReport>

const figure = z
  .object({
    name: z.string(),
    before: z.string().nullable(),
    after: z.string().nullable(),
    note: text,
  })
  .meta({ id: 'figure' }) satisfies z.ZodType<BaselineRow>

const rowCount = z
  .object({
    table: z.string(),
    before: count.nullable(),
    after: count.nullable(),
    byUs: z.int().nullable(),
    byOthers: z.int().nullable(),
    exact: z.boolean(),
    reason: text,
  })
  .meta({ id: 'rowCount' }) satisfies z.ZodType<RowCountReport>

const resultRows = z.array(z.array(z.string().nullable())).max(100)
const resultSet = z
  .object({
    title: z.string(),
    where: place.exactOptional(),
    columns: z.array(z.string()),
    before: resultRows,
    after: resultRows.nullable(),
    difference: z.array(z.string()),
    error: text,
  })
  .meta({ id: 'resultSet' }) satisfies z.ZodType<ResultSetReport>

const baseline = z
  .object({
    capturedAt: z.string(),
    capturedAfterAt: z.string().nullable(),
    rows: z.array(rowCount),
    probes: z.array(figure),
    queries: z.array(resultSet),
    statements: z.array(resultSet),
    counters: z.array(figure),
    invalid: z.array(figure),
    notes: lines,
  })
  .meta({ id: 'baseline' }) satisfies z.ZodType<BaselineReport>

const smoke = z
  .object({
    name: z.string(),
    kind: z.enum(['http', 'command', 'sql']),
    when: z.enum(['before', 'after-migration', 'end']),
    version: text,
    outcome: checkOutcome,
    expected: z.string(),
    actual: z.string(),
    attempts: count,
    latencyMs: z.number().min(0),
    connectionErrors: count,
    reason: text,
  })
  .meta({ id: 'smoke' }) satisfies z.ZodType<SmokeResult>

const criterion = z
  .object({
    id: z.enum([
      'constraints',
      'indexes',
      'row-counts',
      'application-errors',
      'performance',
      'lock-waits',
      'smoke-tests',
    ]),
    title: z.string(),
    outcome: checkOutcome,
    expected: z.string(),
    actual: z.string(),
    reason: text,
    details: lines.exactOptional(),
  })
  .meta({ id: 'criterion' }) satisfies z.ZodType<CriterionReport>

/** The report; `z.infer` of it and the type `Report` are held equal below. */
const blocker = z
  .object({
    pid: z.int().describe('0: a prepared transaction, which has no backend'),
    application: z.string(),
    user: z.string(),
    client: z.string(),
    state: z.string(),
    transactionAgeMs: durationMs.nullable(),
    queryStartedAt: z.string().nullable(),
    query: z.string(),
    version: z.string(),
    step: z.int().min(1),
    where: place,
    waitedMs: durationMs,
    action: z.enum(['cancelled', 'terminated']).exactOptional(),
  })
  .meta({ id: 'blocker' }) satisfies z.ZodType<BlockerReport>

const blocked = z
  .object({
    application: z.string(),
    user: z.string(),
    query: z.string(),
    version: z.string(),
    step: z.int().min(1),
    where: place,
    behind: z.enum(['held', 'queued']),
    sessions: count,
    longestMs: durationMs,
  })
  .meta({ id: 'blocked' }) satisfies z.ZodType<BlockedReport>

const locks = z
  .object({
    blockers: z.array(blocker).describe('Sessions that our statements waited for'),
    blocked: z.array(blocked).describe('Sessions that waited because of us'),
    looks: count,
    everyMs: durationMs,
    reason: z.string().exactOptional(),
  })
  .meta({ id: 'locks' }) satisfies z.ZodType<LocksReport>

export const reportSchema = z.object({
  schemaVersion: z.literal(1),
  command: z.enum(['plan', 'deploy', 'verify', 'rollback']),
  runId: z.string().exactOptional(),
  origin: z
    .object({
      who: z.string().exactOptional(),
      commit: z.string().exactOptional(),
      runUrl: z.string().exactOptional(),
      approvedBy: z.string().exactOptional(),
    })
    .exactOptional(),
  outcome: z.enum([
    'deployed',
    'nothing-to-do',
    'planned',
    'verified',
    'rolled-back',
    'refused',
    'failed',
    'needs-attention',
    'cancelled',
  ]),
  exitCode: z.int().min(0).max(255),
  target: target.nullable(),
  startedAt: z.string().describe('ISO 8601, UTC'),
  durationMs,
  migrations: z.array(migration),
  session: z.array(setting),
  error: error.nullable(),
  next: z.array(z.string()),
  warnings: z.array(z.string()),
  fingerprint: z
    .object({
      before: z.string(),
      after: z.string(),
      equal: z.boolean(),
      difference: z.array(z.string()),
      foreign: z.array(z.string()).exactOptional(),
    })
    .nullable(),
  checks: z.array(check),
  backup: backup.nullable(),
  restorePoint: restorePoint.nullable(),
  baseline: baseline.nullable(),
  smoke: z.array(smoke),
  criteria: z.array(criterion),
  contacts: z.array(z.object({ role: z.string(), contact: z.string() })),
  locks: locks.nullable(),
  planDigest: z.string().exactOptional(),
}) satisfies z.ZodType<Report>

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T
type Same<A, B> = [Frozen<A>] extends [Frozen<B>]
  ? [Frozen<B>] extends [Frozen<A>]
    ? [Keys<A>] extends [Keys<B>]
      ? [Keys<B>] extends [Keys<A>]
        ? true
        : never
      : never
    : never
  : never
/** Every key at any depth as a path: an optional key that one side lacks passes assignability, not this. */
type Keys<T> = T extends readonly (infer Item)[]
  ? Keys<Item>
  : T extends object
    ? { [K in keyof T & string]: K | `${K}.${Keys<NonNullable<T[K]>>}` }[keyof T & string]
    : never

/** Fails to compile where the schema and the type have drifted apart. */
export const schemaMatchesType: Same<z.infer<typeof reportSchema>, Report> = true

/** The JSON Schema that is published beside the program. */
export function reportJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(reportSchema, {
    io: 'input',
    target: 'draft-2020-12',
  })
  return {
    $schema,
    $id: 'report.schema.json',
    title: 'pg-airlock report',
    description: 'What a run of pg-airlock did. Later versions only add keys.',
    ...rest,
  }
}
