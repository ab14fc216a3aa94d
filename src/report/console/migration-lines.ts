import { durationText } from '../duration-text.ts'
import { consoleLine } from '../escape.ts'
import type { MigrationReport, PlanNote, RowEffect, StepReport } from '../types.ts'
import { titleOf } from '../verdict.ts'
import { counted, grouped } from '../words.ts'
import { paint, type Style } from './paint.ts'

/** More pending migrations than this are counted, not listed. */
const listedAtMost = 30

/** What is about to run. */
export function plannedLines(pending: readonly MigrationReport[], withSteps: boolean): string[] {
  const shown = pending.slice(0, listedAtMost)
  const more = pending.length - shown.length
  return [
    pending.length === 0
      ? 'No migration is pending'
      : `${counted(pending.length, 'migration')} pending`,
    ...shown.flatMap((one) => [
      `  ${consoleLine(titleOf(one))} (${counted(one.steps.length, 'step')})`,
      ...(withSteps ? one.steps.map(plannedStep) : []),
      ...(withSteps ? one.warnings.filter(isWarning).map(plannedNote) : []),
    ]),
    ...(more > 0 ? [`  … and ${counted(more, 'more migration')}`] : []),
  ]
}

function plannedStep({ ordinal, title, where, why }: StepReport): string {
  const because = why === undefined ? '' : `, ${why}`
  return consoleLine(`    ${ordinal}. ${title} (line ${where.line}${because})`)
}

const isWarning = ({ severity }: PlanNote) => severity === 'warning'

function plannedNote({ message, where }: PlanNote): string {
  return consoleLine(`    ⚠ ${message} (${where.file}:${where.line}:${where.column})`)
}

/** `[2/6] 20250115130000 add_missing_foreign_keys (3 steps, expected ~1-2 minutes, lock impact Low)` */
export function migrationTitle(migration: MigrationReport, index: number, total: number): string {
  const asides = [
    counted(migration.steps.length, 'step'),
    ...(migration.expectDuration === undefined ? [] : [`expected ${migration.expectDuration}`]),
    ...(migration.lockImpact === undefined ? [] : [`lock impact ${migration.lockImpact}`]),
  ]
  return consoleLine(`[${index}/${total}] ${titleOf(migration)} (${asides.join(', ')})`)
}

/** One line that says how a migration ended, to be read with its group closed. */
export function migrationEnd(migration: MigrationReport, style: Style): string {
  const title = consoleLine(titleOf(migration))
  const ran = ['applied', 'failed', 'rolled-back'].includes(migration.outcome)
  const took = ran ? ` in ${durationText(migration.durationMs)}` : ''
  const reason = migration.reason === undefined ? '' : `: ${consoleLine(migration.reason)}`
  return `${endSign(migration.outcome, style)} ${title} ${migration.outcome}${took}${reason}`
}

function endSign(outcome: MigrationReport['outcome'], style: Style): string {
  if (outcome === 'applied') return paint('✓', 'green', style)
  if (outcome === 'failed') return paint('✗', 'red', style)
  return outcome === 'rolled-back' ? '↩' : '–'
}

/** `step 2 of 3, CREATE INDEX …` */
export function stepTitle(step: StepReport, total: number): string {
  return consoleLine(`step ${step.ordinal}${total > 0 ? ` of ${total}` : ''}, ${step.title}`)
}

/** How a step ended. */
export function stepEnd(step: StepReport, total: number, style: Style): string {
  const sign = step.outcome === 'done' ? paint('✓', 'green', style) : paint('✗', 'red', style)
  const extras = [
    step.outcome,
    durationText(step.durationMs),
    ...(step.batches === undefined ? [] : [counted(step.batches, 'batch', 'batches')]),
    ...(step.retries === undefined || step.retries === 0
      ? []
      : [counted(step.retries, 'retry', 'retries')]),
  ]
  return `  ${sign} ${stepTitle(step, total)} ${paint(`(${extras.join(', ')})`, 'dim', style)}`
}

/** The rows touched, a line a table. */
export function rowLines(effects: readonly RowEffect[]): string[] {
  return effects.map((effect) => `  rows of ${consoleLine(effect.table)}: ${rowText(effect)}`)
}

function rowText(effect: RowEffect): string {
  const reason = effect.reason === undefined ? '' : ` (${consoleLine(effect.reason)})`
  const removed =
    effect.removed === undefined
      ? []
      : [`${grouped(effect.removed.rows)} removed by ${effect.removed.by}`]
  if (effect.certainty === 'not-checked') return [`not checked${reason}`, ...removed].join(', ')
  const bound = effect.certainty === 'at-most' ? 'at most ' : ''
  const counts = [
    [effect.inserted, 'inserted'],
    [effect.updated, 'updated'],
    [effect.deleted, 'deleted'],
  ] as const
  const said = counts
    .filter(([rows]) => rows > 0)
    .map(([rows, word]) => `${bound}${grouped(rows)} ${word}`)
  const all = [...said, ...removed]
  return `${all.length === 0 ? 'untouched' : all.join(', ')}${reason}`
}
