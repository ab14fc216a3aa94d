import { needsPerson } from '../tally.ts'
import type { Report } from '../types.ts'
import { blocks, code, leftOut, words } from './block.ts'
import type { Detail } from './detail.ts'

/** Whom to call, when a person is needed. As code: an address is neither a mention nor a link, and is copied as it is. */
export function contacts(report: Report, detail: Detail): string {
  if (!needsPerson(report) || report.contacts.length === 0) return ''
  const lines = report.contacts.map(
    ({ role, contact }) => `- **${words(role, detail)}:** ${code(contact, detail)}`,
  )
  return blocks(
    '### Whom to call',
    lines.slice(0, detail.rows).join('\n'),
    leftOut(lines.length - detail.rows, 'contact'),
  )
}
