import { escapeText } from '../escape.ts'
import { failedChecksOf } from '../tally.ts'
import type { Report } from '../types.ts'
import { verdictOf } from '../verdict.ts'
import { shorten } from '../visible.ts'

/** The verdict as the page's heading, the sign of its ending before it. */
export function headline(report: Report): string {
  return `## ${signOf(report)}${escapeText(shorten(verdictOf(report), 600))}`
}

function signOf(report: Report): string {
  switch (report.outcome) {
    case 'deployed':
    case 'verified':
    case 'nothing-to-do':
      return '✅ '
    case 'planned':
      return failedChecksOf(report).length > 0 ? '⚠️ ' : ''
    case 'rolled-back':
      return report.command === 'rollback' ? '✅ ' : '❌ '
    case 'refused':
    case 'failed':
      return '❌ '
    case 'needs-attention':
    case 'cancelled':
      return '⚠️ '
  }
}
