import { sqlstateName } from '../sqlstate.ts'
import type { ErrorReport } from '../types.ts'
import { blocks, code, fence, place, prose, words } from './block.ts'
import type { Detail } from './detail.ts'

/** An error as evidence: what the server said, where, the statement with its caret, and the cure where one is known. */
export function errorBlock(error: ErrorReport, detail: Detail): string {
  return blocks(`**${words(error.message, detail)}**`, evidence(error, detail))
}

/** All of an error but its message. */
export function evidence(error: ErrorReport, detail: Detail): string {
  return blocks(
    error.where === undefined ? '' : `At ${place(error.where)}`,
    error.excerpt === undefined ? '' : fence(error.excerpt, 'sql', detail),
    said(error, detail),
    error.context === undefined ? '' : blocks('Context:', fence(error.context, 'text', detail)),
  )
}

function said(error: ErrorReport, detail: Detail): string {
  const name = error.sqlstate === undefined ? undefined : sqlstateName(error.sqlstate)
  const state = error.sqlstate === undefined ? '' : code(error.sqlstate, detail)
  const items = [
    ['SQLSTATE', name === undefined ? state : `${state} ${words(name, detail)}`],
    ['Detail', words(error.detail ?? '', detail)],
    ['Hint', words(error.hint ?? '', detail)],
    ['Why', prose(error.why ?? '', detail)],
    ['What to do', prose(error.fix ?? '', detail)],
  ]
  return items
    .filter(([, text]) => text !== '')
    .map(([title, text]) => `- ${title}: ${text}`)
    .join('\n')
}
