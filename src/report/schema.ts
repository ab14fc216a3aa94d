import { z } from 'zod'
import type {
  ErrorReport,
  MigrationReport,
  QueryTable,
  Report,
  RowEffect,
  ServerNotice,
  SessionSetting,
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

/** The report; `z.infer` of it and the type `Report` are held equal below. */
export const reportSchema = z.object({
  schemaVersion: z.literal(1),
  command: z.enum(['plan', 'deploy', 'verify', 'rollback']),
  runId: z.string().exactOptional(),
  origin: z
    .object({
      who: z.string().exactOptional(),
      commit: z.string().exactOptional(),
      runUrl: z.string().exactOptional(),
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
