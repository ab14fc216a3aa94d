import { blocks } from './markdown/block.ts'
import { type Detail, ladder, lastRung } from './markdown/detail.ts'
import { facts } from './markdown/facts.ts'
import { failure } from './markdown/failure.ts'
import { headline } from './markdown/headline.ts'
import { migrations } from './markdown/migrations.ts'
import { next } from './markdown/next.ts'
import { notices } from './markdown/notices.ts'
import { objects } from './markdown/objects.ts'
import { planNotes } from './markdown/plan-notes.ts'
import { queries } from './markdown/queries.ts'
import { rowEffects } from './markdown/row-effects.ts'
import { session } from './markdown/session.ts'
import { state } from './markdown/state.ts'
import { steps } from './markdown/steps.ts'
import { undo } from './markdown/undo.ts'
import type { Report } from './types.ts'

type Section = (report: Report, detail: Detail) => string

/** In the order in which a reader needs them; the first are the last to be left out. */
const sections: readonly Section[] = [
  headline,
  failure,
  undo,
  state,
  about,
  migrations,
  objects,
  queries,
  rowEffects,
  notices,
  planNotes,
  steps,
  session,
]

/** Which run this was, and what comes next: after a failure the latter is more urgent. */
function about(report: Report, detail: Detail): string {
  const parts = [facts(report, detail), next(report, detail)]
  return blocks(...(report.exitCode === 0 ? parts : parts.reverse()))
}

/** GitHub shows nothing of a step's summary over 1 MiB (1,048,576 bytes), and the step still succeeds. */
const defaultLimit = 1_000_000

/**
 * The report as a job summary in GitHub-flavoured Markdown, at most `limitBytes` bytes of UTF-8. A report too long
 * for it is shortened by a ladder: whole, then fewer rows, then counts, then without its last sections; the page says so.
 */
export function renderSummary(report: Report, limitBytes = defaultLimit): string {
  for (const detail of ladder) {
    const page = blocks(...sections.map((section) => section(report, detail)), farewell(detail))
    if (bytesOf(page) < limitBytes) return `${page}\n`
  }
  return `${asMuchAsFits(report, limitBytes)}\n`
}

function asMuchAsFits(report: Report, limitBytes: number): string {
  const note = '_This summary was cut to its most important sections; the JSON report has all._'
  let page = ''
  for (const section of sections) {
    const longer = blocks(page, section(report, lastRung))
    if (bytesOf(longer) + bytesOf(note) + 3 < limitBytes) page = longer
  }
  return blocks(page, note)
}

function farewell(detail: Detail): string {
  if (detail.name === 'full') return ''
  return '_This summary was shortened to stay under the size that GitHub shows; the JSON report has all._'
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}
