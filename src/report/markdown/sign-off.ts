import { durationText } from '../duration-text.ts'
import { escapeText, linkTo } from '../escape.ts'
import type { Report } from '../types.ts'
import { blocks, code, moment } from './block.ts'
import type { Detail } from './detail.ts'

/** The runbook's last lines, filled in: who, when, how it ended. For runs that changed something or tried to. */
export function signOff(report: Report, detail: Detail): string {
  const { command, outcome, origin, target } = report
  const asked = command === 'deploy' || command === 'rollback'
  if (!asked || target === null || outcome === 'refused' || outcome === 'nothing-to-do') return ''
  const lines = [
    [
      outcome === 'deployed' ? 'Deployment completed by' : 'Run by',
      origin?.who === undefined ? '_not known_' : code(origin.who, detail),
    ],
    [
      'Approved by',
      origin?.approvedBy === undefined
        ? '_not known: nothing told the run_'
        : code(origin.approvedBy, detail),
    ],
    ['Commit', origin?.commit === undefined ? '' : code(origin.commit, detail)],
    ['Run', origin?.runUrl === undefined ? '' : linkTo(origin.runUrl)],
    ['Date', escapeText(moment(report.startedAt))],
    ['Duration', durationText(report.durationMs)],
    ['Status', `**${outcome.toUpperCase().replaceAll('-', ' ')}**`],
  ]
  return blocks(
    '### Sign-off',
    lines
      .filter(([, text]) => text !== '')
      .map(([title, text]) => `- **${title}:** ${text}`)
      .join('\n'),
  )
}
