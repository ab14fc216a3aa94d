import type { MigrationReport, Report, StepReport } from '../types.ts'
import { counted, grouped } from '../words.ts'
import { blocks, code, duration, folded, place, table, words } from './block.ts'
import type { Detail } from './detail.ts'

/** A plan shows its steps in view up to this number. */
const inView = 60

/** Every step: what it is, why the file was cut there, how it ended. In view for a plan, folded otherwise. */
export function steps(report: Report, detail: Detail): string {
  const rows = report.migrations.flatMap((migration) =>
    migration.steps.map((step) => row(migration, step, detail)),
  )
  if (rows.length === 0 || detail.name === 'counts') return ''
  const ran = report.command !== 'plan'
  const columns = [
    'migration',
    'step',
    'what',
    'line',
    'why it is a step of its own',
    ...(ran ? ['outcome', 'took'] : []),
  ]
  const body = table(
    columns.map((title) => ({ title })),
    rows.map((cells) => cells.slice(0, columns.length)),
    detail,
  )
  const title = `Steps: ${grouped(rows.length)}`
  return !ran && rows.length <= inView ? blocks(`### ${title}`, body) : folded(title, body)
}

function row(migration: MigrationReport, step: StepReport, detail: Detail): string[] {
  const extras = [
    ...(step.batches === undefined ? [] : [counted(step.batches, 'batch', 'batches')]),
    ...(step.retries === undefined || step.retries === 0
      ? []
      : [counted(step.retries, 'retry', 'retries')]),
    ...(step.progress === undefined ? [] : [words(`at ${step.progress}`, detail)]),
  ]
  const outcome = step.outcome === 'failed' ? '❌ failed' : step.outcome
  return [
    code(migration.version, detail),
    String(step.ordinal),
    words(step.title, detail),
    step.where.file === migration.file ? String(step.where.line) : place(step.where),
    words(step.why ?? '', detail),
    [outcome, ...extras].join(', '),
    step.outcome === 'not-run' ? '' : duration(step.durationMs),
  ]
}
