import { checkLines, phaseEnd } from './console/check-lines.ts'
import { errorLines, labelled, placeText } from './console/error-lines.ts'
import { finishLines } from './console/finish-lines.ts'
import { lockLines } from './console/lock-lines.ts'
import {
  migrationEnd,
  migrationTitle,
  plannedLines,
  rowLines,
  stepEnd,
  stepTitle,
} from './console/migration-lines.ts'
import { fitted, paint, type Style } from './console/paint.ts'
import { smokeLines } from './console/smoke-lines.ts'
import { undoingLine, undoLines } from './console/undo-lines.ts'
import { verificationLines } from './console/verification-lines.ts'
import { durationText } from './duration-text.ts'
import { consoleLine } from './escape.ts'
import type { RunEvent } from './events.ts'
import type { CheckOutcome, ServerNotice, TargetReport } from './types.ts'
import { databaseOf } from './verdict.ts'

export type { Style } from './console/paint.ts'

/**
 * What a console shows of one event.
 * - `lines`: to print, one story for a terminal and a log.
 * - `group: 'start'`: open a group titled by the first line. `'end'`: close it, *then* print the lines, so that how a
 *   migration ended is seen with its group closed.
 * - `live`: a terminal that can overwrite a line shows this in place of `lines` and wipes it at the next event; it fits
 *   the width. A log prints `lines`.
 */
export interface Rendered {
  readonly lines: string[]
  readonly group?: 'start' | 'end'
  readonly live?: string
}

/** One event of a run as console lines; text from files and databases in them can neither forge a command nor colour. */
export function renderEvent(event: RunEvent, style: Style): Rendered {
  switch (event.type) {
    case 'connected':
      return { lines: [connected(event.target)] }
    case 'waiting-for-run':
      return alive(
        `waiting for another run to end, ${durationText(event.waitedMs)}: ${event.holder}`,
        style,
      )
    case 'ending-orphan':
      return {
        lines: [
          consoleLine(
            `Ending what a killed run left behind: pid ${event.pid} (${event.application})`,
          ),
        ],
      }
    case 'planned':
      return { lines: plannedLines(event.pending, event.steps ?? false), group: 'end' }
    case 'phase':
      return { lines: [paint(consoleLine(event.title), 'bold', style)], group: 'start' }
    case 'checked':
      return passing(event.check.outcome, (ink) => checkLines(event.check, ink), style)
    case 'smoke-tested':
      return passing(event.result.outcome, (ink) => smokeLines(event.result, ink), style)
    case 'phase-finished':
      return { lines: [phaseEnd(event.title, event.judged, event.note, style)], group: 'end' }
    case 'judged':
      return passing(event.criterion.outcome, (ink) => checkLines(event.criterion, ink), style)
    case 'observing':
      return alive(
        `observing, ${durationText(event.elapsedMs)} of ${durationText(event.totalMs)}${aside(event.detail)}`,
        style,
      )
    case 'smoke-waiting':
      return alive(
        `smoke test ${event.name}: ${event.found} (attempt ${event.attempts}, ${durationText(event.elapsedMs)})`,
        style,
      )
    case 'warning':
      return { lines: warning(event.message, style) }
    case 'migration-started':
      return {
        lines: [paint(migrationTitle(event.migration, event.index, event.total), 'bold', style)],
        group: 'start',
      }
    case 'step-started':
      return {
        lines: [],
        live: fitted(`  … ${stepTitle(event.step, event.migration.steps.length)}`, style.width),
      }
    case 'still-running':
      return alive(
        `${stepTitle(event.step, 0)} is running, ${durationText(event.elapsedMs)}${aside(event.detail)}`,
        style,
      )
    case 'lock-wait':
    case 'blocker-ended':
    case 'blocking':
    case 'waiting-for-snapshots':
      return { lines: lockLines(event) }
    case 'retrying':
      return {
        lines: labelled(
          '  ⚠',
          `step ${event.step.ordinal}: attempt ${event.attempt} gave way (${event.reason}); next in ${durationText(event.pauseMs)}`,
        ),
      }
    case 'notice':
      return { lines: notice(event.notice, style) }
    case 'step-finished':
      return { lines: [stepEnd(event.step, event.migration.steps.length, style)] }
    case 'verified':
      return { lines: verificationLines(event.verification, style) }
    case 'rows':
      return { lines: rowLines(event.effects) }
    case 'failed':
      return { lines: errorLines(event.error, style).map((line) => `  ${line}`) }
    case 'undoing':
      return { lines: [undoingLine(event.by)] }
    case 'undone':
      return { lines: undoLines(event.undo, style) }
    case 'migration-finished':
      return { lines: [migrationEnd(event.migration, style)], group: 'end' }
    case 'finished':
      return { lines: finishLines(event.report, style), group: 'end' }
  }
}

/** A log keeps a line for each thing that passed; a terminal, which can't fold them, shows it until the next and then their count. */
function passing(
  outcome: CheckOutcome,
  render: (style: Style) => string[],
  style: Style,
): Rendered {
  if (outcome !== 'passed') return { lines: render(style) }
  const live = render({ ...style, color: false }).join(' ')
  return { lines: render(style), live: fitted(live, style.width) }
}

function alive(text: string, style: Style): Rendered {
  const line = `  … ${consoleLine(text)}`
  return { lines: [line], live: fitted(line, style.width) }
}

function aside(detail: string | undefined): string {
  return detail === undefined ? '' : ` (${detail})`
}

function connected(target: TargetReport): string {
  const role = target.role === undefined ? '' : `, role ${target.role}`
  const tls = target.tls === 'off' ? 'no TLS' : target.tls
  return consoleLine(
    `Connected to ${databaseOf(target)}, port ${target.port}, as ${target.user}${role} (PostgreSQL ${target.serverVersion}, ${tls})`,
  )
}

function warning(message: string, style: Style): string[] {
  return labelled('⚠', message, (line) => paint(line, 'yellow', style))
}

function notice(notice: ServerNotice, style: Style): string[] {
  const where = notice.where === undefined ? '' : ` (${placeText(notice.where)})`
  const lines = labelled(`  ${consoleLine(notice.severity)}:`, `${notice.message}${where}`)
  const loud =
    notice.severity === 'WARNING' ? lines.map((line) => paint(line, 'yellow', style)) : lines
  return [
    ...loud,
    ...(notice.detail === undefined ? [] : labelled('    detail:', notice.detail)),
    ...(notice.hint === undefined ? [] : labelled('    hint:', notice.hint)),
  ]
}
