import type { Report, ServerNotice } from '../types.ts'
import { counted } from '../words.ts'
import { blocks, code, folded, place, table, words } from './block.ts'
import type { Detail } from './detail.ts'

/** What the server said on the way: warnings in view, notices folded. */
export function notices(report: Report, detail: Detail): string {
  const all = report.migrations.flatMap((one) => one.notices)
  const warnings = all.filter((one) => one.severity === 'WARNING')
  const others = all.filter((one) => one.severity !== 'WARNING')
  const quiet = detail.name === 'counts' ? [] : others
  return blocks(
    warnings.length === 0 ? '' : `### ⚠️ Warnings of the server: ${warnings.length}`,
    noticeTable(warnings, detail),
    folded(`${counted(others.length, 'notice')} of the server`, noticeTable(quiet, detail)),
  )
}

function noticeTable(notices: readonly ServerNotice[], detail: Detail): string {
  const columns = ['severity', 'message', 'at'].map((title) => ({ title }))
  return table(
    columns,
    notices.map((one) => row(one, detail)),
    detail,
  )
}

function row(one: ServerNotice, detail: Detail): string[] {
  const extras = [one.detail, one.hint].filter((text) => text !== undefined)
  const message = [one.message, ...extras].map((text) => words(text, detail)).join('<br>')
  return [`${words(one.severity, detail)} ${code(one.code, detail)}`, message, place(one.where)]
}
