import { durationText } from '../duration-text.ts'
import { codeFence, codeSpan, escapeProse, escapeText } from '../escape.ts'
import type { Place } from '../refusal.ts'
import { type Judged, scoreOf } from '../tally.ts'
import type { CheckOutcome } from '../types.ts'
import { shorten } from '../visible.ts'
import { counted } from '../words.ts'
import type { Detail } from './detail.ts'

/** A column of a table; numbers stand to the right. */
export interface Column {
  readonly title: string
  readonly right?: boolean
}

/** Blocks with a blank line between them, empty ones left out. */
export function blocks(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n')
}

/** A table of cells that are Markdown already; rows beyond the detail are counted instead of shown. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  detail: Detail,
): string {
  if (rows.length === 0) return ''
  const shown = rows.slice(0, detail.rows)
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const lines = [
    line(columns.map((column) => column.title)),
    line(columns.map((column) => (column.right === true ? '--:' : ':--'))),
    ...shown.map(line),
  ]
  return blocks(lines.join('\n'), leftOut(rows.length - shown.length, 'row'))
}

/** What a limit kept from the page, in words; nothing when it kept nothing. */
export function leftOut(count: number, noun: string, nouns = `${noun}s`): string {
  return count > 0
    ? `_${counted(count, `more ${noun}`, `more ${nouns}`)} left out here; the JSON report has all._`
    : ''
}

/** A section that opens on a click. `title` is Markdown-free text of ours or escaped. */
export function folded(title: string, body: string): string {
  return body === '' ? '' : `<details><summary>${title}</summary>\n\n${body}\n\n</details>`
}

/** Inline code, shortened to the detail; an empty text is an empty cell. */
export function code(text: string, detail: Detail): string {
  return text === '' ? '' : codeSpan(shorten(text, detail.text))
}

/** Words, shortened to the detail. */
export function words(text: string, detail: Detail): string {
  return escapeText(shorten(text, detail.text))
}

/** A sentence of ours, in which backticks quote code. */
export function prose(text: string, detail: Detail): string {
  return escapeProse(shorten(text, detail.text))
}

/** A duration that no table cell breaks. */
export function duration(ms: number): string {
  return durationText(ms).replaceAll(' ', '&nbsp;')
}

/** A code block, cut to the detail's lines. */
export function fence(text: string, language: string, detail: Detail): string {
  const lines = text.split(/\r\n|\n/).map((line) => shorten(line, detail.text))
  const shown = lines.slice(0, detail.lines).join('\n')
  return blocks(codeFence(shown, language), leftOut(lines.length - detail.lines, 'line'))
}

/** More lines of evidence than this are folded. */
const evidenceInView = 20

/** Example keys, sessions, changed objects, lines of a log: as text, for others wrote them. */
export function evidenceOf(
  one: Judged & { readonly title: string; readonly details?: readonly string[] },
  detail: Detail,
): string {
  const { details = [] } = one
  if (details.length === 0) return ''
  const title = `${sign(one.outcome)} ${words(one.title, detail)}:`
  const lines = fence(details.join('\n'), 'text', detail)
  if (details.length <= evidenceInView) return blocks(title, lines)
  return blocks(title, folded(counted(details.length, 'line'), lines))
}

/** `file:line:column` as inline code. */
export function place(where: Place | undefined): string {
  return where === undefined ? '' : codeSpan(`${where.file}:${where.line}:${where.column}`)
}

/** The sign of a check. */
export function sign(outcome: CheckOutcome): string {
  return { passed: '✅', warned: '⚠️', failed: '❌', 'not-checked': '➖' }[outcome]
}

/** `11 of 11 as expected`, and what else there is. */
export function score(judged: readonly Judged[]): string {
  return scoreOf(judged, 'as expected', 'not')
}

/** What was found; what was not checked says so, what failed stands out. */
export function foundCell(outcome: CheckOutcome, actual: string, detail: Detail): string {
  const text = code(actual, detail)
  if (outcome === 'not-checked') return text === '' ? '**not checked**' : `**not checked** ${text}`
  return outcome === 'failed' && text !== '' ? `**${text}**` : text
}

/** ISO 8601 without its letters and fractions: `2025-01-15 12:00:00 UTC`. Other forms are shown as they are. */
export function moment(iso: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(iso)
  return parts === null ? iso : `${parts[1]} ${parts[2]} UTC`
}
