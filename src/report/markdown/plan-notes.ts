import type { PlanNote, Report } from '../types.ts'
import { counted } from '../words.ts'
import { blocks, folded, leftOut, place, prose } from './block.ts'
import type { Detail } from './detail.ts'

/** What the plan says before anything runs: warnings in view, the rest folded. */
export function planNotes(report: Report, detail: Detail): string {
  const notes = report.migrations.flatMap((one) => one.warnings)
  const warnings = notes.filter((one) => one.severity === 'warning')
  const infos = notes.filter((one) => one.severity === 'info')
  const general = report.warnings.map((text) => `- ⚠️ ${prose(text, detail)}`)
  const all = [...general, ...warnings.map((one) => line(one, detail))]
  return blocks(
    all.length === 0 ? '' : '### Worth knowing',
    list(all, detail),
    folded(
      `${counted(infos.length, 'note')} of the plan`,
      detail.name === 'counts'
        ? ''
        : list(
            infos.map((one) => line(one, detail)),
            detail,
          ),
    ),
  )
}

function list(lines: readonly string[], detail: Detail): string {
  return blocks(lines.slice(0, detail.rows).join('\n'), leftOut(lines.length - detail.rows, 'note'))
}

function line(note: PlanNote, detail: Detail): string {
  const sign = note.severity === 'warning' ? '⚠️ ' : ''
  return `- ${sign}${prose(note.message, detail)} ${place(note.where)}`
}
