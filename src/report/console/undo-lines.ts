import { consoleLine } from '../escape.ts'
import type { UndoReport } from '../types.ts'
import { errorLines } from './error-lines.ts'
import { paint, type Style } from './paint.ts'

const means: Record<UndoReport['by'], string> = {
  transaction: 'Postgres rolls its transaction back',
  script: 'running its rollback script',
  inverses: 'undoing the steps that ran, newest first',
  none: 'leaving it as it is',
}

/** How an undo begins. */
export function undoingLine(by: UndoReport['by']): string {
  return `  ↩ ${means[by]}`
}

/** How an undo ended: the proof, or the difference in full; what is kept is named. */
export function undoLines(undo: UndoReport, style: Style): string[] {
  return [
    `  ${ending(undo, style)}`,
    ...undo.difference.map((line) => `    ${consoleLine(line)}`),
    ...(undo.foreign ?? []).map((line) => `    by others: ${consoleLine(line)}`),
    ...undo.kept.map((line) => `  ${paint('⚠ kept:', 'yellow', style)} ${consoleLine(line)}`),
    ...(undo.error === undefined ? [] : errorLines(undo.error, style).map((line) => `  ${line}`)),
  ]
}

function proof({ foreign = [] }: UndoReport): string {
  return foreign.length === 0 ? 'fingerprints equal' : 'only others have changed something since'
}

function ending(undo: UndoReport, style: Style): string {
  const reason = undo.reason === undefined ? '' : `: ${consoleLine(undo.reason)}`
  switch (undo.outcome) {
    case 'restored':
      return undo.reason === undefined
        ? `${paint('✓', 'green', style)} the catalog is as it was before: ${proof(undo)}`
        : `${paint('✓', 'green', style)} undone${reason}`
    case 'differs':
      return paint('✗ the catalog is not as it was before (- before, + after)', 'red', style)
    case 'failed':
      return paint(`✗ the undo failed${reason}`, 'red', style)
    case 'not-run':
      return paint(`⚠ nothing was undone${reason}`, 'yellow', style)
  }
}
