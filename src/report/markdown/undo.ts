import { codeSpan } from '../escape.ts'
import type { MigrationReport, Report, UndoReport } from '../types.ts'
import { titleOf } from '../verdict.ts'
import { counted } from '../words.ts'
import { blocks, code, fence, folded, words } from './block.ts'
import type { Detail } from './detail.ts'
import { errorBlock } from './error.ts'

const means: Record<UndoReport['by'], string> = {
  transaction: 'Postgres rolled its transaction back',
  script: 'undone by its rollback script',
  inverses: 'undone by statements derived from the steps that ran, newest first',
  none: 'not undone',
}

/** What was undone, by what, and whether the catalog's fingerprint proves it. */
export function undo(report: Report, detail: Detail): string {
  const undone = report.migrations.filter((one) => one.rollback !== null).slice(0, detail.rows)
  const whole = runProof(report, detail)
  if (undone.length === 0 && whole === '') return ''
  return blocks('### What was undone', ...undone.map((one) => undoBlock(one, detail)), whole)
}

function undoBlock(migration: MigrationReport, detail: Detail): string {
  const { rollback } = migration
  if (rollback === null) return ''
  const reason = rollback.reason === undefined ? '' : ` ${words(rollback.reason, detail)}`
  return blocks(
    `${code(titleOf(migration), detail)}: ${means[rollback.by]}. ${ending(rollback)}${reason}`,
    rollback.error === undefined ? '' : errorBlock(rollback.error, detail),
    rollback.difference.length === 0 ? '' : fence(rollback.difference.join('\n'), 'diff', detail),
    foreign(rollback.foreign, detail),
    kept(rollback, detail),
    folded(
      `SQL that was run: ${counted(rollback.statements.length, 'statement')}`,
      statements(rollback, detail),
    ),
  )
}

function ending(rollback: UndoReport): string {
  switch (rollback.outcome) {
    case 'restored':
      return rollback.reason === undefined
        ? `✅ The catalog is as it was before: ${proof(rollback)}.`
        : '✅ Undone;'
    case 'differs':
      return '❌ The catalog is **not** as it was before; the difference (`-` before, `+` after):'
    case 'failed':
      return '❌ The undo itself **failed**.'
    case 'not-run':
      return '⚠️ Nothing was undone.'
  }
}

function proof({ foreign = [] }: UndoReport): string {
  return foreign.length === 0
    ? 'the fingerprints are equal'
    : 'the fingerprints differ only in what others have changed'
}

/** Other sessions' changes, folded: nobody's failure. */
function foreign(lines: readonly string[] = [], detail: Detail): string {
  if (lines.length === 0) return ''
  return folded(
    `Changed by others meanwhile: ${counted(lines.length, 'difference')}`,
    fence(lines.join('\n'), 'diff', detail),
  )
}

function kept(rollback: UndoReport, detail: Detail): string {
  if (rollback.kept.length === 0) return ''
  const lines = rollback.kept.slice(0, detail.rows).map((line) => `- ${words(line, detail)}`)
  return blocks('⚠️ **Kept**: row changes that were already committed.', lines.join('\n'))
}

function statements(rollback: UndoReport, detail: Detail): string {
  if (rollback.statements.length === 0) return ''
  return fence(
    rollback.statements.map((sql) => `${sql.replace(/;\s*$/, '')};`).join('\n'),
    'sql',
    detail,
  )
}

function runProof(report: Report, detail: Detail): string {
  const { fingerprint } = report
  if (fingerprint === null) return ''
  const before = codeSpan(fingerprint.before.slice(0, 12))
  const after = codeSpan(fingerprint.after.slice(0, 12))
  if (fingerprint.equal && (fingerprint.foreign ?? []).length > 0) {
    return blocks(
      `✅ Fingerprint of the catalog before the run ${before}, after it ${after}: they differ only in what others have changed.`,
      foreign(fingerprint.foreign, detail),
    )
  }
  if (fingerprint.equal)
    return `✅ Fingerprint of the catalog before the run ${before}, after it ${after}: equal.`
  const told = report.migrations.some(
    (one) => one.rollback?.difference.join('\n') === fingerprint.difference.join('\n'),
  )
  return blocks(
    `❌ Fingerprint of the catalog before the run ${before}, after it ${after}: different.`,
    told || fingerprint.difference.length === 0
      ? ''
      : fence(fingerprint.difference.join('\n'), 'diff', detail),
  )
}
