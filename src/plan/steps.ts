import type { PlanNote } from '../report/types.ts'
import type { FileDirectives } from '../runbook/types.ts'
import { isConcurrent } from '../sql/concurrent.ts'
import { quoteLiteral } from '../sql/identifier.ts'
import { transactionControl } from '../sql/transaction-control.ts'
import type { Script, Statement } from '../sql/types.ts'
import { createExpectationFold } from './expectations.ts'
import { isStrong } from './lock-modes.ts'
import { locksOf } from './lock-of-effect.ts'
import { lockNotes, locksUpFront } from './locks-up-front.ts'
import { type Later, labelUsedLater } from './steps/enum-labels.ts'
import { rowCertainty, tablesLosingRows } from './steps/rows.ts'
import { reasonToStandAlone } from './steps/standing-alone.ts'
import { checkStatement } from './steps/statement-rules.ts'
import { stepTitle } from './steps/titles.ts'
import {
  type CompileOptions,
  checkInsideOwn,
  type OwnTransaction,
  refuseOpenTransaction,
  stateLost,
  validates,
} from './steps/transaction-rules.ts'
import type { Expectation, PlannedStatement, Step } from './types.ts'

export type { CompileOptions } from './steps/transaction-rules.ts'

export interface CompiledSteps {
  readonly steps: readonly Step[]
  /** Net effect of the whole script. */
  readonly expectations: readonly Expectation[]
  readonly notes: readonly PlanNote[]
}

/** A step before it is titled and judged. */
interface Draft {
  readonly kind: Step['kind']
  readonly statements: readonly PlannedStatement[]
  readonly why: string | undefined
  readonly own: OwnTransaction | null
  readonly rollsBack: boolean
}

/** Where the cutting stands: `open` are the statements of the transaction that isn't ended yet. */
interface Cutting {
  readonly script: Script
  readonly directives: FileDirectives
  readonly options: CompileOptions
  readonly drafts: Draft[]
  readonly notes: PlanNote[]
  open: PlannedStatement[]
  /** The file's own BEGIN, while it is open. */
  own: OwnTransaction | null
  /** Why the next step doesn't belong to the one before. */
  why: string | undefined
}

/**
 * Cuts a script into steps, in file order, nothing moved: one transaction, ended before and after
 * each statement that allows none, at each VALIDATE CONSTRAINT, at each ADD VALUE whose enum value
 * is used later, and where the file itself begins and ends transactions.
 * @throws Refusal at file, line and column for what can't run as written.
 */
export function compileSteps(
  script: Script,
  statements: readonly PlannedStatement[],
  directives: FileDirectives,
  options: CompileOptions,
): CompiledSteps {
  const cutting: Cutting = {
    script,
    directives,
    options,
    drafts: [],
    notes: [],
    open: [],
    own: null,
    why: undefined,
  }
  for (const [index, planned] of statements.entries()) {
    cutting.notes.push(...checkStatement(script, planned))
    place(cutting, planned, () => statements.slice(index + 1))
  }
  if (cutting.own !== null) refuseOpenTransaction(script, cutting.own)
  endOpen(cutting)
  if (statements.length === 0) cutting.notes.push(emptyFile(script))
  return finish(cutting)
}

function place(cutting: Cutting, planned: PlannedStatement, later: Later): void {
  const { statement } = planned
  const { type } = statement.transaction
  if (type === 'commit' || type === 'rollback') endTransaction(cutting, statement, type)
  else if (cutting.own !== null) placeInsideOwn(cutting, cutting.own, planned, later)
  else if (type === 'begin') beginOwn(cutting, statement)
  else placeOutsideOwn(cutting, planned, later)
}

function placeOutsideOwn(cutting: Cutting, planned: PlannedStatement, later: Later): void {
  const alone = reasonToStandAlone(cutting, planned, later)
  if (alone === null) {
    cutting.open.push(planned)
    return
  }
  cutBefore(cutting, planned.statement, alone.why)
  draft(cutting, { kind: alone.kind, statements: [planned], own: null, rollsBack: false })
  cutting.why = alone.after
}

function placeInsideOwn(
  cutting: Cutting,
  own: OwnTransaction,
  planned: PlannedStatement,
  later: Later,
): void {
  cutting.notes.push(...checkInsideOwn(cutting.script, planned, own, cutting.options))
  const inside = () => {
    const rest = later()
    const end = rest.findIndex(({ statement }) => endsTransaction(statement))
    return end === -1 ? rest : rest.slice(0, end)
  }
  const used = labelUsedLater(planned, cutting.open, inside, cutting.options.serverMajor)
  if (used !== null) {
    cutting.notes.push({
      id: 'enum-in-transaction',
      severity: 'warning',
      message: `the enum value ${quoteLiteral(used.label)} seems to be used in line ${used.user.where.line}, inside the transaction that adds it: that fails with 55P04`,
      where: planned.statement.where,
    })
  }
  cutting.open.push(planned)
}

function endsTransaction({ transaction }: Statement): boolean {
  return transaction.type === 'commit' || transaction.type === 'rollback'
}

function beginOwn(cutting: Cutting, begin: Statement): void {
  cutBefore(cutting, begin, `the file's own transaction begins in line ${begin.where.line}`)
  cutting.own = { begin: begin.text, since: begin }
}

/** COMMIT or ROLLBACK in the file: ends its own transaction, or that of the statements before. */
function endTransaction(cutting: Cutting, end: Statement, type: 'commit' | 'rollback'): void {
  const { own, open } = cutting
  const { where } = end
  const verb = type === 'commit' ? 'COMMIT' : 'ROLLBACK'
  if (own === null) {
    cutting.notes.push({
      id: type === 'commit' ? 'own-commit' : 'own-rollback',
      severity: 'warning',
      message: bareEnd(verb, open.length),
      where,
    })
  } else if (type === 'rollback') {
    const message = `the file's own transaction ends with ROLLBACK: what it does since line ${own.since.where.line} is undone`
    cutting.notes.push({ id: 'own-rollback', severity: 'warning', message, where })
  }
  if (open.length > 0) {
    draft(cutting, { kind: 'transaction', statements: open, own, rollsBack: type === 'rollback' })
  }
  cutting.open = []
  const chain = transactionControl(end.node)?.chain === true
  cutting.own = chain ? { begin: own?.begin ?? 'BEGIN', since: end } : null
  cutting.why = `${chain ? `${verb} AND CHAIN` : verb} in line ${where.line} ends the transaction`
}

function bareEnd(verb: string, count: number): string {
  if (count === 0) return `${verb} without a BEGIN ends no transaction: it does nothing`
  const done = verb === 'COMMIT' ? 'committed' : 'rolled back'
  return `${verb} without a BEGIN: the statements before it are ${done} here, so the file is no longer atomic`
}

function cutBefore(cutting: Cutting, statement: Statement, why: string): void {
  const ended = cutting.open
  endOpen(cutting)
  cutting.notes.push(...stateLost(ended, statement))
  cutting.why = why
}

function endOpen(cutting: Cutting): void {
  const { open } = cutting
  if (open.length > 0) {
    draft(cutting, { kind: 'transaction', statements: open, own: null, rollsBack: false })
  }
  cutting.open = []
}

function draft(cutting: Cutting, step: Omit<Draft, 'why'>): void {
  cutting.drafts.push({ ...step, why: cutting.why })
  cutting.why = undefined
}

function finish({ drafts, notes, directives }: Cutting): CompiledSteps {
  const fold = createExpectationFold()
  const steps = drafts.map((one, index): Step => {
    const { kind, statements, own, rollsBack, why } = one
    const locks = kind === 'transaction' ? locksUpFront(statements, directives.locks) : null
    if (locks !== null) notes.push(...lockNotes(locks))
    return {
      ordinal: index + 1,
      kind,
      statements,
      title: stepTitle(kind, statements),
      ...(why === undefined || drafts.length === 1 ? {} : { why }),
      ownTransaction: own !== null,
      ...(own === null ? {} : { begin: own.begin }),
      ...(rollsBack ? { rollsBack } : {}),
      budget: own === null && statements.some(isLong) ? 'long' : 'short',
      expectations: rollsBack ? [] : fold.add(statements.map(({ statement }) => statement)),
      removesRowsOf: rollsBack ? [] : tablesLosingRows(statements),
      rows: rollsBack ? 'none' : rowCertainty(statements),
      ...(locks === null || locks.retried.length === 0 ? {} : { locksUpFront: locks }),
    }
  })
  return { steps, expectations: fold.all(), notes }
}

/**
 * What waits and scans without keeping the application waiting. A VALIDATE that shares its statement with a change that locks strongly does keep it
 * waiting. CONCURRENTLY takes a strong lock only at its end, when those who would wait for it are gone (a detached partition, the dropped
 * index), or on what nobody writes to (EXCLUSIVE on a materialized view).
 */
function isLong({ statement }: PlannedStatement, _: number, all: readonly unknown[]): boolean {
  if (all.length > 1) return false
  return isConcurrent(statement.node) || waitsGently(statement)
}

function waitsGently(statement: Statement): boolean {
  const { effects } = statement
  const waits = validates(statement) || effects.some(({ op }) => op === 'vacuum')
  return waits && !effects.flatMap(locksOf).some(({ mode }) => isStrong(mode))
}

function emptyFile({ file }: Script): PlanNote {
  const message = 'the file holds no statement: it is recorded as applied, and nothing is run'
  return { id: 'empty-file', severity: 'warning', message, where: { file, line: 1, column: 1 } }
}
