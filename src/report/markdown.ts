import { backup } from './markdown/backup.ts'
import { blocks } from './markdown/block.ts'
import { checks, shutGates } from './markdown/checks.ts'
import { contacts } from './markdown/contacts.ts'
import { criteria } from './markdown/criteria.ts'
import { type Detail, ladder, lastRung } from './markdown/detail.ts'
import { facts } from './markdown/facts.ts'
import { failure } from './markdown/failure.ts'
import { headline } from './markdown/headline.ts'
import { locks } from './markdown/locks.ts'
import { migrations } from './markdown/migrations.ts'
import { next } from './markdown/next.ts'
import { notices } from './markdown/notices.ts'
import { objects } from './markdown/objects.ts'
import { performance } from './markdown/performance.ts'
import { planDigest } from './markdown/plan-digest.ts'
import { planNotes } from './markdown/plan-notes.ts'
import { queries } from './markdown/queries.ts'
import { recovery } from './markdown/recovery.ts'
import { rowCounts } from './markdown/row-counts.ts'
import { rowEffects } from './markdown/row-effects.ts'
import { session } from './markdown/session.ts'
import { signOff } from './markdown/sign-off.ts'
import { smoke } from './markdown/smoke.ts'
import { state } from './markdown/state.ts'
import { steps } from './markdown/steps.ts'
import { undo } from './markdown/undo.ts'
import type { Report } from './types.ts'

type Section = (report: Report, detail: Detail) => string

/** In the order of the runbook; what failed, and what to do about it, before all else. */
const sections: readonly Section[] = [
  headline,
  failure,
  shutGates,
  undo,
  state,
  about,
  planDigest,
  checks,
  backup,
  session,
  migrations,
  objects,
  queries,
  rowCounts,
  rowEffects,
  locks,
  smoke,
  performance,
  notices,
  planNotes,
  steps,
  criteria,
  signOff,
]

/** Kept before the others where not all fit: the last words of the page are not the least. */
const urgent: readonly Section[] = [
  headline,
  failure,
  shutGates,
  undo,
  state,
  about,
  criteria,
  signOff,
]

/** Which run this was, and what comes next: after a failure the latter is more urgent. */
function about(report: Report, detail: Detail): string {
  if (report.exitCode === 0) return blocks(facts(report, detail), next(report, detail))
  return blocks(
    next(report, detail),
    contacts(report, detail),
    recovery(report, detail),
    facts(report, detail),
  )
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
  const kept = new Map<Section, string>()
  let left = limitBytes - bytesOf(note) - 1
  for (const section of new Set([...urgent, ...sections])) {
    const text = section(report, lastRung)
    const size = bytesOf(text) + 2
    if (text === '' || size > left) continue
    left -= size
    kept.set(section, text)
  }
  return blocks(...sections.map((section) => kept.get(section) ?? ''), note)
}

function farewell(detail: Detail): string {
  if (detail.name === 'full') return ''
  return '_This summary was shortened to stay under the size that GitHub shows; the JSON report has all._'
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}
