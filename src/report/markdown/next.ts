import { stepsToTell } from '../tally.ts'
import type { Report } from '../types.ts'
import { blocks, prose } from './block.ts'
import type { Detail } from './detail.ts'
import { isToldByRecovery } from './recovery.ts'

/** What happens next, the first sentence for the reader in a hurry. */
export function next(report: Report, detail: Detail): string {
  const steps = stepsToTell(report).filter((line) => !isToldByRecovery(report, line))
  if (steps.length === 0) return ''
  const lines = steps.slice(0, detail.rows).map((line) => `- ${prose(line, detail)}`)
  return blocks('### What happens next', lines.join('\n'))
}
