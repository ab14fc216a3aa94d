import type { UndoProgress } from '../../journal/state.ts'
import { isTakenOver } from '../../journal/taken-over.ts'
import { inTransaction } from '../../journal/write.ts'
import { differenceOf, readFingerprint } from '../../observe/fingerprint.ts'
import { newNames } from '../../observe/new-names.ts'
import { objectsByReference } from '../../observe/object-lookup.ts'
import type { Fingerprint, FingerprintObject } from '../../observe/types.ts'
import { type Inversion, type InvertOptions, invert } from '../../plan/inverses.ts'
import type { PlannedMigration, Step } from '../../plan/types.ts'
import type { ErrorReport, MigrationReport, RowEffect, UndoReport } from '../../report/types.ts'
import type { FileDirectives } from '../../runbook/types.ts'
import type { Effect, ObjectRef } from '../../sql/types.ts'
import { again } from '../connections/again.ts'
import { describeFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import { retryBudget } from '../steps/retry-budget.ts'
import { whileCancellable } from '../stop/cancelling.ts'
import { asUndo, isUndoOver } from '../stop/undo-time.ts'
import { holdsData } from './data-loss.ts'
import { compareFingerprints } from './foreign.ts'
import { runInverses, type Undoing } from './inverse-run.ts'
import { runScript } from './script.ts'
import { endHalfDone } from './undo-leftovers.ts'
import { notBegun, stoppedUndo } from './undo-stopped.ts'

/** What there is to undo of one migration. */
export interface Remains {
  readonly planned: PlannedMigration
  readonly report: MigrationReport
  /** Steps whose effects are, or may be, in the database, in the order they ran. */
  readonly steps: readonly Step[]
  /** All its steps were committed. */
  readonly whole: boolean
  /** The catalog before it (or before the whole run). */
  readonly before: Fingerprint | null
  /** A picture from some time before, by which names that the server chose are told from those that were there. */
  readonly names: Fingerprint | null
  /** Looks an object up in the picture from before; undefined where there is no picture. */
  readonly objectBefore: (ref: ObjectRef) => FingerprintObject | null | undefined
  /** Where an undo that was killed goes on. */
  readonly resumed?: UndoProgress
  /** A step of `steps` that failed half way outside a transaction: the catalog says what it did. */
  readonly uncertain?: Step
}

/**
 * Takes back what a migration left: by its rollback script where the migration was whole or the script says partial=ok, else by the
 * derived inverses of the steps that ran, newest first. Only what the run created is touched. What would destroy data or needs a person
 * is not run. Never throws for a server's error: the report tells.
 */
export async function undoMigration(run: Run, remains: Remains): Promise<UndoReport> {
  const kept = keptRows(remains.report.rowEffects)
  const { rollback } = remains.planned
  const byScript =
    remains.resumed === undefined
      ? rollback !== null && (remains.whole || rollback.directives.partial === 'ok')
      : remains.resumed.by === 'script'
  const by = byScript ? 'script' : 'inverses'
  run.emit({ type: 'undoing', migration: remains.report, by })
  const statements: string[] = []
  if (isUndoOver(run)) return notBegun(by, kept, remains.resumed !== undefined)
  try {
    await run.connections.prepareWorker(remains.planned.version)
    await assertHeld(run)
    const refused = byScript
      ? await undoByScript(run, remains, statements)
      : await undoByInverses(run, remains, statements)
    if (refused !== null) {
      return { by, statements, outcome: 'not-run', difference: [], kept, reason: refused }
    }
    return { by, statements, kept, ...(await compared(run, remains)) }
  } catch (error) {
    if (isTakenOver(error)) throw error
    const failed = { by, statements, outcome: 'failed', kept } as const
    if (isUndoOver(run)) return { ...failed, ...(await stoppedUndo(run, remains.planned)) }
    const difference = await leftDifference(run, remains)
    return { ...failed, difference, error: failureOf(error, remains) }
  }
}

/** Another run that has taken over owns what is there: nothing of it is undone by this one. */
async function assertHeld(run: Run): Promise<void> {
  await again(() => run.observer.simple(inTransaction(run.key, '')))
}

function failureOf(error: unknown, remains: Remains): ErrorReport {
  return describeFailure(error, { version: remains.planned.version })
}

async function undoByScript(run: Run, remains: Remains, ran: string[]): Promise<string | null> {
  const { rollback } = remains.planned
  if (rollback === null) return 'there is no rollback script'
  const from = remains.resumed?.done ?? 0
  if (!isDataLossAllowed(run, remains.planned)) {
    const effects = rollback.steps
      .slice(from)
      .flatMap(({ statements }) => statements.flatMap(({ statement }) => statement.effects))
    const reason = await whileCancellable(asUndo(run), () => lossOf(run, effects))
    if (reason !== null) return reason
  }
  await runScript(asUndo(run), rollback, undoing(run, remains, rollback.directives), ran, from)
  return null
}

async function undoByInverses(run: Run, remains: Remains, ran: string[]): Promise<string | null> {
  const undoes = undoing(run, remains, remains.planned.directives)
  if (remains.uncertain) await endHalfDone(asUndo(run), undoes, remains.uncertain, remains.before)
  const progress = remains.resumed ?? (await newProgress(run, remains))
  if (!isDataLossAllowed(run, remains.planned)) {
    for (const { holdsData: held } of progress.statements.slice(progress.done)) {
      if (held === undefined) continue
      if (await whileCancellable(asUndo(run), () => holdsData(run, held))) return dataReason(held)
    }
  }
  await runInverses(asUndo(run), undoes, progress, ran)
  return null
}

/** An undo has a budget of its own: what failed before it may have used up the migration's. */
function undoing(run: Run, { report }: Remains, { retryTimeout }: FileDirectives): Undoing {
  return { report, budget: retryBudget(retryTimeout ?? run.settings.retryTimeout) }
}

/** An undo that begins: its inverses, derived from what is there now. */
async function newProgress(run: Run, remains: Remains): Promise<UndoProgress> {
  const { names } = remains
  const now = names === null ? null : await readFingerprint(run.observer)
  const inversion = inversionOf(
    remains.steps,
    remains.objectBefore,
    names !== null && now !== null ? { nameOf: newNames(names, now) } : {},
    happened(run, remains, now),
  )
  return { by: 'inverses', done: 0, statements: inversion.statements }
}

/** The inverses of the steps that ran, newest first. */
export function inversionOf(
  steps: readonly Step[],
  objectBefore: Remains['objectBefore'],
  options: InvertOptions = {},
  isThere: (step: Step, effect: Effect) => boolean = () => true,
): Inversion {
  const effects = steps
    .filter(({ rollsBack }) => rollsBack !== true)
    .flatMap((step) =>
      step.statements
        .flatMap(({ statement }) => statement.effects)
        .filter((effect) => isThere(step, effect)),
    )
  return invert(effects, objectBefore, options)
}

/**
 * Of a step that failed outside a transaction, only what the catalog shows is taken back: what it created and is there, what it dropped and is
 * gone, a partition that it detached. Any other effect of such a statement comes whole or not at all.
 */
function happened(
  run: Run,
  { uncertain, objectBefore }: Remains,
  now: Fingerprint | null,
): (step: Step, effect: Effect) => boolean {
  const objectNow = objectsByReference(now, run.surroundings.searchPath)
  return (step, effect) => {
    if (step !== uncertain || effect.op === 'unknown') return true
    if (effect.op === 'detach' && effect.partition !== undefined) {
      const partition: ObjectRef = { kind: 'table', ...effect.partition }
      return (
        objectBefore(partition)?.attributes.inherits !== objectNow(partition)?.attributes.inherits
      )
    }
    const present = objectNow(effect.object)
    if (present === undefined) return true
    const before = objectBefore(effect.object)
    if (effect.op === 'create') return present !== null && before === null
    if (effect.op === 'drop') return present === null && before !== null
    return false
  }
}

/** allow-data-loss is on record: as a setting, or as a directive of the migration or its rollback script. */
export function isDataLossAllowed(run: Run, planned: PlannedMigration): boolean {
  const onRecord = [...planned.directives.allow, ...(planned.rollback?.directives.allow ?? [])]
  return run.settings.allowDataLoss || onRecord.some(({ hazard }) => hazard === 'data-loss')
}

/** Why a rollback script may not run by itself: it drops what holds data, or changes rows. Null when it may. */
export async function lossOf(run: Run, effects: readonly Effect[]): Promise<string | null> {
  for (const { op, object } of effects) {
    if (['insert', 'update', 'delete', 'merge', 'truncate', 'copy'].includes(op)) {
      return `the rollback script changes rows of ${object.name ?? 'a table'}: that is left to a person, unless allow-data-loss is on record`
    }
    if (op !== 'drop') continue
    const held =
      object.kind === 'table' && object.name !== null
        ? { table: { schema: object.schema, name: object.name } }
        : object.kind === 'column' && object.table !== undefined && object.name !== null
          ? { table: object.table, column: object.name }
          : null
    if (held !== null && (await holdsData(run, held))) return dataReason(held)
  }
  return null
}

/** Why a drop may not run by itself, in words. */
export function dataReason(held: { table: { name: string }; column?: string }): string {
  const what =
    held.column === undefined
      ? `table ${held.table.name}`
      : `column ${held.column} of ${held.table.name}`
  return `undoing would drop ${what}, which holds data: that is left to a person, unless allow-data-loss is on record`
}

/** The proof: the catalog now beside the catalog before. */
async function compared(
  run: Run,
  remains: Remains,
): Promise<Pick<UndoReport, 'outcome' | 'difference' | 'foreign' | 'reason'>> {
  if (remains.before === null) {
    return {
      outcome: 'restored',
      difference: [],
      reason: 'no fingerprint from before it is kept, so nothing is compared',
    }
  }
  return provenBy(remains.planned, remains.before, await readFingerprint(run.observer))
}

/** Restored where nothing of ours differs; what others changed meanwhile is told beside it. */
export function provenBy(
  planned: PlannedMigration,
  before: Fingerprint,
  after: Fingerprint,
): Pick<UndoReport, 'outcome' | 'difference' | 'foreign'> {
  const { difference, foreign } = compareFingerprints([planned], before, after)
  return {
    outcome: difference.length === 0 ? 'restored' : 'differs',
    difference,
    ...(foreign.length === 0 ? {} : { foreign }),
  }
}

async function leftDifference(run: Run, remains: Remains): Promise<readonly string[]> {
  if (remains.before === null) return []
  try {
    return differenceOf(remains.before, await readFingerprint(run.observer))
  } catch {
    return []
  }
}

/** Committed row changes, in words. They stay: a rollback speaks of the catalog only. */
export function keptRows(effects: readonly RowEffect[]): string[] {
  return effects.flatMap((effect) => {
    const parts = [
      ...(effect.inserted > 0 ? [`${effect.inserted} inserted`] : []),
      ...(effect.updated > 0 ? [`${effect.updated} updated`] : []),
      ...(effect.deleted > 0 ? [`${effect.deleted} deleted`] : []),
      ...(effect.removed && effect.removed.rows > 0
        ? [`${effect.removed.rows} lost to ${effect.removed.by}`]
        : []),
      ...(effect.certainty === 'not-checked' ? ['row changes not counted'] : []),
    ]
    return parts.length === 0 ? [] : [`${effect.table}: ${parts.join(', ')}`]
  })
}
