import type { PlanNote } from '../report/types.ts'
import type { FileDirectives } from '../runbook/types.ts'
import { quoteName } from '../sql/identifier.ts'
import { sessionSettings } from '../sql/setting.ts'
import type { Effect, QualifiedName, Statement } from '../sql/types.ts'
import { isStrong, type LockMode, lockModes } from './lock-modes.ts'
import { locksOf } from './lock-of-effect.ts'
import { newNames } from './locked-tables.ts'
import { maybeSameName } from './object-key.ts'
import { isQuick } from './quick-statements.ts'
import type { LocksUpFront, PlannedStatement, TableLock } from './types.ts'

interface Taken {
  readonly table: QualifiedName
  readonly mode: LockMode
  readonly searchPath: readonly string[] | undefined
  readonly statement: Statement
  /** Place of the statement within the transaction. */
  readonly at: number
}

const none: LocksUpFront = { first: [], retried: [], statement: null }

/**
 * Which tables a transaction locks before its first statement, so that a wait that fails costs nothing, and so that two transactions that lock the
 * same tables do so in one order. A strong lock that is taken early is also held for longer; so it depends on what stands before it:
 * - Strong locks on several tables with nothing but quick changes of the catalog between them are all taken first: they are held for
 *   milliseconds longer, and while one is waited for nothing else is held but locks without work done under them.
 * - Behind a statement that may take long (rows, a scan, a build, a rewrite) a strong lock stays where the file has it: taken first it would
 *   keep readers away while that statement runs (an UPDATE of 0.8 s before an ALTER, measured on 18: a read took up to 0.87 s instead of 0.08 s). Only when an
 *   attempt gave way to a lock, and was over within block-timeout, does the next take all locks first: else its rows are written in vain again.
 * A file that locks tables itself, or says locks=as-written, is left alone; locks=up-front takes all of them first from the beginning.
 */
export function locksUpFront(
  statements: readonly PlannedStatement[],
  directive: FileDirectives['locks'],
): LocksUpFront {
  const all = statements.map(({ statement }) => statement)
  if (directive === 'as-written' || all.some(decidesItself)) return none
  const taken = strongLocks(all)
  const slow = all.findIndex((statement) => !isQuick(statement))
  const every = strongest(taken)
  const close = strongest(slow === -1 ? taken : taken.filter(({ at }) => at <= slow))
  const inVain = slow !== -1 && taken.some(({ at }) => at > slow)
  const statement = taken[0]?.statement ?? null
  if (directive === 'up-front') return { first: every, retried: every, statement }
  const first = close.length > 1 ? close : []
  return { first, retried: inVain ? every : first, statement }
}

/** It takes locks in an order of its own, or is SET TRANSACTION, which must come before any query. */
function decidesItself({ effects, kind, node }: Statement): boolean {
  const setsTransaction = kind === 'SET' && sessionSettings(node).length === 0
  return setsTransaction || effects.some(({ op }) => op === 'lock')
}

/** REINDEX locks indexes more strongly than their tables: which it is, is not told apart here. */
const leftOut: ReadonlySet<Effect['op']> = new Set(['reindex', 'vacuum', 'unknown'])

/** Strong locks on tables from before, in the order of the statements; those behind a condition may not be taken at all. */
function strongLocks(statements: readonly Statement[]): readonly Taken[] {
  const created: QualifiedName[] = []
  return statements.flatMap((statement, at) => {
    const taken: Taken[] = []
    for (const effect of statement.effects) {
      const { searchPath } = effect
      for (const { relation, mode } of certainLocks(effect)) {
        if (!isStrong(mode) || created.some((name) => maybeSameName(name, relation))) continue
        taken.push({ table: relation, mode, searchPath, statement, at })
      }
      created.push(...newNames({ ...effect, ifNotExists: false }))
    }
    return taken
  })
}

function certainLocks(effect: Effect) {
  if (effect.guarded || leftOut.has(effect.op)) return []
  // DROP INDEX names the index alone, and LOCK TABLE knows no indexes.
  if (effect.object.kind === 'index' && effect.object.table === undefined) return []
  // "$user" is known to the server alone.
  if (effect.searchPath?.includes('$user')) return []
  return ['view', 'materialized view', 'sequence', 'foreign table'].includes(effect.object.kind)
    ? []
    : locksOf(effect)
}

/** One lock a name, in its strongest mode. */
function strongest(taken: readonly Taken[]): readonly TableLock[] {
  const found = new Map<string, TableLock>()
  for (const { table, mode, searchPath } of taken) {
    const path = table.schema === null && searchPath !== undefined ? { searchPath } : {}
    const key = JSON.stringify([table.schema, table.name, path])
    const known = found.get(key)
    const stronger = known !== undefined && lockModes.indexOf(known.mode) > lockModes.indexOf(mode)
    found.set(key, { table, mode: stronger ? known.mode : mode, ...path })
  }
  return [...found.values()]
}

/** Said in the plan: which tables, in which mode, and when. */
export function lockNotes({ first, retried, statement }: LocksUpFront): readonly PlanNote[] {
  if (statement === null) return []
  const note = (message: string): PlanNote => ({
    id: 'locks-up-front',
    severity: 'info',
    message,
    where: statement.where,
  })
  const instead = '`-- airlock: locks=as-written` leaves them where the file takes them'
  if (first.length > 0) {
    const message = `its transaction begins with LOCK TABLE, so that a wait that fails costs nothing: ${named(first)}; ${instead}`
    return [note(message)]
  }
  if (retried.length === 0) return []
  const message = `should an attempt give way to a lock within block-timeout, the next begins with LOCK TABLE, so that its work isn't done in vain again: ${named(retried)}; ${instead}`
  return [note(message)]
}

function named(locks: readonly TableLock[]): string {
  return locks.map(({ table, mode }) => `${quoteName(table)} in ${mode} MODE`).join(', ')
}
