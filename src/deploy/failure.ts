import { ServerError } from '../postgres/server-error.ts'
import { excerptAt, Refusal } from '../report/refusal.ts'
import type { ErrorReport } from '../report/types.ts'
import type { Script, Statement } from '../sql/types.ts'
import { Cancelled } from './run.ts'

/** A step that can't go on for a reason of ours (an expectation, a policy), already told as a report. */
export class StepFailure extends Error {
  readonly report: ErrorReport

  constructor(report: ErrorReport) {
    super(report.message)
    this.name = 'StepFailure'
    this.report = report
  }
}

/** An earlier run was killed while a statement ran outside a transaction, and nothing tells whether it had its effect: a person must. */
export class UnknownFate extends StepFailure {}

/**
 * Any failure as plain data. A server's error gets the place in the file: its position counts characters of the statement as
 * sent (1-based); without a position the statement's first line is shown. Bugs of ours are re-thrown, never dressed up.
 */
export function describeFailure(
  error: unknown,
  at: { readonly script?: Script; readonly statement?: Statement; readonly version?: string },
): ErrorReport {
  const version = at.version === undefined ? {} : { version: at.version }
  if (error instanceof StepFailure) return { ...version, ...withExcerpt(error.report, at.script) }
  if (error instanceof Refusal) return { ...version, ...refusalReport(error) }
  if (error instanceof Cancelled) return { ...version, message: 'Cancelled on request' }
  if (!(error instanceof ServerError)) throw error
  const { message, code, detail, hint, where, position } = error
  return {
    message,
    sqlstate: code,
    ...version,
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
    ...(where === undefined ? {} : { context: where }),
    ...(at.script && at.statement ? placeOf(at.script, at.statement, position) : {}),
    ...adviceFor(code),
  }
}

function withExcerpt(report: ErrorReport, script: Script | undefined): ErrorReport {
  const { where, excerpt } = report
  if (script === undefined || where === undefined || excerpt !== undefined) return report
  if (where.file !== script.file) return report
  return { ...report, excerpt: excerptAt(script.source, where.line, where.column) }
}

/** A refusal's four parts as an error of the report. */
export function refusalReport(refusal: Refusal): ErrorReport {
  const { what, where, excerpt, why, fix } = refusal.parts
  return {
    message: what,
    why,
    fix,
    ...(where === undefined ? {} : { where }),
    ...(excerpt === undefined ? {} : { excerpt }),
  }
}

/** Where in the file a server's error points: its position, else the statement's beginning. */
function placeOf(
  script: Script,
  statement: Statement,
  position: number | undefined,
): Pick<ErrorReport, 'where' | 'excerpt'> {
  const before = position === undefined ? '' : [...statement.text].slice(0, position - 1).join('')
  const lines = before.split(/\r\n|\n|\r/)
  const line = statement.where.line + lines.length - 1
  const lastLine = [...(lines.at(-1) ?? '')].length
  const column = lines.length === 1 ? statement.where.column + lastLine : lastLine + 1
  return {
    where: { file: script.file, line, column },
    excerpt: excerptAt(script.source, line, column),
  }
}

/** Why and what to do for the errors that a deployment meets most, by SQLSTATE: messages are translated, codes are not. */
function adviceFor(code: string): Pick<ErrorReport, 'why' | 'fix'> {
  return advice[code] ?? {}
}

const advice: Readonly<Record<string, Pick<ErrorReport, 'why' | 'fix'>>> = {
  '55P03': {
    why: 'Another session held the lock for longer than lock-timeout; the statement got out of the way of the application.',
    fix: 'Deploy again when that session has ended, or raise lock-timeout, for this file alone with `-- airlock: lock_timeout=…`.',
  },
  '57014': {
    why: 'The statement was cancelled: it ran longer than its timeout, or somebody asked for it.',
    fix: 'Raise the timeout for this file (`-- airlock: statement_timeout=…`), or make the statement smaller.',
  },
  '2D000': {
    why: 'A procedure or DO block commits or rolls back, which Postgres allows only outside a transaction block.',
    fix: 'Write `-- airlock: transaction=off` at the top of the file, so that each statement runs on its own.',
  },
  '25001': {
    why: 'Postgres refuses this statement inside a transaction block, and the parse could not tell.',
    fix: 'Write `-- airlock: transaction=off` at the top of the file, so that each statement runs on its own.',
  },
  '55P04': {
    why: 'A value added to an enum can be used only after the transaction that added it has been committed.',
    fix: 'Move the statement that uses the value into a migration of its own.',
  },
  '40P01': {
    why: 'Two sessions waited for each other, and Postgres chose this one to give way.',
    fix: 'Deploy again; if it happens often, take the locks up front with LOCK TABLE in one fixed order.',
  },
  AL001: {
    why: 'This run was thought dead, and another run has taken the database over.',
    fix: 'Look at the other run before doing anything; nothing more was written by this one.',
  },
}
