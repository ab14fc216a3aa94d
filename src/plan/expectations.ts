import type { Effect, ObjectRef, Statement } from '../sql/types.ts'
import { foldCreate, requireColumns } from './expectations/create.ts'
import { foldDrop } from './expectations/drop.ts'
import { Entries, type Entry, type Folding } from './expectations/entries.ts'
import { foldRename, foldSetSchema } from './expectations/rename.ts'
import { forgetOthers } from './expectations/unnamed.ts'
import { ownerName, sameName } from './object-key.ts'
import type { Expectation } from './types.ts'

export interface ExpectationFold {
  /** Adds the statements of the next step; what they spoke of, as it must be when the step has ended. */
  readonly add: (statements: readonly Statement[]) => readonly Expectation[]
  /** The net effect of all steps so far. */
  readonly all: () => readonly Expectation[]
}

/**
 * Folds effects into what must be true afterwards: what the last of them left, not each by itself.
 * What they can't tell (dependants of a CASCADE, objects behind an IF EXISTS that may have skipped
 * them) is not expected, and neither are temporary objects.
 */
export function createExpectationFold(): ExpectationFold {
  const entries = new Entries()
  let step = 0
  return {
    add(statements) {
      step += 1
      for (const statement of statements) {
        for (const effect of statement.effects) foldEffect({ entries, statement, step }, effect)
      }
      return expected(entries.values().filter((entry) => entry.step === step))
    },
    all: () => expected(entries.values()),
  }
}

/** The net effect of statements that run one after the other. */
export function netExpectations(statements: readonly Statement[]): readonly Expectation[] {
  const fold = createExpectationFold()
  fold.add(statements)
  return fold.all()
}

function expected(entries: readonly Entry[]): readonly Expectation[] {
  return entries.filter(isExpected).map(({ step, createdBy, temporary, uses, ...rest }) => rest)
}

function isExpected({ temporary, object, constraint, index }: Entry): boolean {
  if (temporary || object.kind === 'unknown') return false
  return object.name !== null || constraint !== undefined || index !== undefined
}

type Fold = (folding: Folding, effect: Effect) => void

function foldEffect(folding: Folding, effect: Effect): void {
  if (effect.guarded && effect.reason !== undefined && effect.op !== 'unknown') {
    forget(folding, effect)
    return
  }
  folds[effect.op]?.(folding, effect)
}

/** A condition that no parse can judge stands before it: from here on nothing can be expected of the object. */
function forget({ entries }: Folding, { object }: Effect): void {
  forgetOthers(entries, object)
  const known = entries.find(object)
  if (known !== undefined) entries.remove(known)
}

function foldAlter(folding: Folding, effect: Effect): void {
  const { column, constraint } = effect
  if (column === undefined && constraint === undefined) return
  const known = presentEntry(folding, effect)
  if (known === null) return
  const definition = {
    ...(column === undefined ? {} : { column: { ...known.column, ...column } }),
    ...(constraint === undefined ? {} : { constraint }),
  }
  change(folding, known, definition)
}

function foldValidate(folding: Folding, effect: Effect): void {
  if (effect.object.kind !== 'constraint') return
  const known = presentEntry(folding, effect)
  if (known === null) return
  const { constraint } = known
  const valid = constraint === undefined ? {} : { constraint: { ...constraint, valid: true } }
  change(folding, known, { validated: true, ...valid })
  requireColumns(folding, { ...known, ...valid })
}

function foldEnable(folding: Folding, effect: Effect): void {
  const { object, enabled } = effect
  const rowSecurity = rowSecurityOf(effect)
  if (rowSecurity !== null) {
    const known = presentEntry(folding, effect)
    if (known !== null)
      change(folding, known, { rowSecurity: { ...known.rowSecurity, ...rowSecurity } })
    return
  }
  if (enabled === undefined) return
  if (object.kind !== 'table') {
    const known = presentEntry(folding, effect)
    if (known !== null) change(folding, known, { enabled })
    return
  }
  const table = ownerName(object)
  if (table === null) return
  for (const entry of folding.entries.mayBelongTo(table)) {
    if (entry.object.kind !== 'trigger' || entry.state !== 'present') continue
    if (sameName(entry.object.table, table)) change(folding, entry, { enabled })
    else folding.entries.remove(entry)
  }
}

function rowSecurityOf({ op, change }: Effect): NonNullable<Expectation['rowSecurity']> | null {
  if (change === 'ROW LEVEL SECURITY') return { enabled: op === 'enable' }
  return change === 'FORCE ROW LEVEL SECURITY' ? { forced: op === 'enable' } : null
}

function foldPartition(folding: Folding, effect: Effect): void {
  const { object: parent, partition, op } = effect
  if (partition === undefined || parent.name === null || parent.kind === 'index') return
  const object: ObjectRef = { kind: 'table', ...partition }
  const known = presentEntry(folding, { ...effect, object })
  if (known === null) return
  const attached = op === 'attach'
  change(folding, known, {
    partition: { parent: { schema: parent.schema, name: parent.name }, attached },
  })
}

/**
 * The entry of an object that a statement changes: it must be there, so one is made when the script
 * hasn't spoken of it yet. Null when IF EXISTS may have skipped the statement.
 */
function presentEntry({ entries, statement, step }: Folding, effect: Effect): Entry | null {
  forgetOthers(entries, effect.object)
  const known = entries.find(effect.object)
  if (known?.state === 'present') return known
  if (effect.ifExists) return null
  const entry: Entry = {
    object: effect.object,
    state: 'present',
    mayPreexist: effect.guarded,
    where: statement.where,
    step,
    createdBy: null,
    temporary: entries.owner(effect.object)?.temporary ?? false,
    uses: [],
  }
  if (known === undefined) entries.put(entry)
  else entries.change(known, entry)
  return entry
}

function change({ entries, statement, step }: Folding, entry: Entry, part: Partial<Entry>): void {
  entries.change(entry, { ...entry, ...part, where: statement.where, step })
}

const folds: Readonly<Partial<Record<Effect['op'], Fold>>> = {
  create: foldCreate,
  replace: foldCreate,
  drop: foldDrop,
  rename: foldRename,
  'set schema': foldSetSchema,
  alter: foldAlter,
  validate: foldValidate,
  enable: foldEnable,
  disable: foldEnable,
  attach: foldPartition,
  detach: foldPartition,
}
