import { again } from '../deploy/connections/again.ts'
import { type OpenRun, openRun } from '../deploy/connections/open.ts'
import type { Run } from '../deploy/run.ts'
import { Cancelled, stopIfAsked } from '../deploy/stop/cancellation.ts'
import { askCancellable } from '../deploy/stop/cancelling.ts'
import { undoMigration } from '../deploy/undo/undo.ts'
import { refuseUndo } from '../deploy/undo/undo-check.ts'
import { isUndoBegun } from '../deploy/undo/undo-stopped.ts'
import { readRunBefore } from '../journal/run-before.ts'
import { unlessTakenOver } from '../journal/taken-over.ts'
import {
  beginRun,
  endRun,
  installJournal,
  inTransaction,
  migrationRolledBack,
} from '../journal/write.ts'
import { deserialise, differenceOf, readFingerprint, serialise } from '../observe/fingerprint.ts'
import type { Fingerprint } from '../observe/types.ts'
import type { PlannedMigration } from '../plan/types.ts'
import { exitCodeOf } from '../report/exit-code.ts'
import { type Chosen, chooseMigrations } from './choose.ts'
import type { CommandContext } from './context.ts'
import { needDatabase } from './need-database.ts'
import { type PictureBefore, pictureBefore } from './picture-before.ts'
import { planAll, planForServer } from './plan-all.ts'
import { settingsOnRecord } from './record.ts'

/**
 * Undoes the last migration, the last run (`last-run`), everything after a version (`to`), or one version alone (`only`), newest first: by
 * rollback script, else by derived inverses. What would lose data is refused before anything is changed, unless allow-data-loss is on record.
 */
export async function rollback(context: CommandContext): Promise<void> {
  const parsed = planAll(context)
  const connection = needDatabase(context)
  const open = await openRun({ ...context, connection })
  try {
    const planned = await planForServer(context, open, parsed)
    const chosen = chooseMigrations(context, open.journal, planned)
    if (chosen.length === 0) {
      context.report.outcome = 'nothing-to-do'
      return
    }
    await undoAll(context, open, chosen, planned)
  } finally {
    await open.close()
  }
}

async function undoAll(
  context: CommandContext,
  open: OpenRun,
  chosen: readonly Chosen[],
  planned: readonly PlannedMigration[],
): Promise<void> {
  // From here on the run hears requests itself and ends itself, so that its journal row gets an end.
  const forget = context.cancellation.onRequest(() => undefined)
  try {
    stopIfAsked(context.cancellation)
    await undoJournaled(context, open, chosen, planned)
  } finally {
    forget()
  }
}

async function undoJournaled(
  context: CommandContext,
  open: OpenRun,
  chosen: readonly Chosen[],
  planned: readonly PlannedMigration[],
): Promise<void> {
  const { report, emit, cancellation } = context
  const now = await readFingerprint(open.observer)
  await installJournal(open.observer, open.journal.version)
  const key = await beginRun(open.observer, {
    id: open.runId,
    command: 'rollback',
    ...context.origin,
    toolVersion: context.toolVersion,
    settings: settingsOnRecord(context.settings),
    fingerprintBefore: serialise(now),
  })
  // Undoing is what was asked for: a request to stop ends it at once.
  const run = await open.start(key, 0)
  const pictured: Pictured[] = []
  for (const one of chosen) {
    pictured.push({ ...one, ...(await pictureBefore(open, one.journaled, planned)) })
  }
  const unbegun = pictured.filter(({ journaled }) => journaled.undo === null)
  const reason = await unlessStopped(askCancellable(run, () => refuseUndo(run, unbegun)))
  if (cancellation.requested) {
    report.outcome = 'cancelled'
  } else if (reason !== null) {
    report.outcome = 'needs-attention'
    report.error = reason
  } else {
    for (const [index, one] of pictured.entries()) {
      if (cancellation.requested) {
        report.outcome = 'cancelled'
        break
      }
      emit({
        type: 'migration-started',
        migration: one.entry,
        index: index + 1,
        total: chosen.length,
      })
      const undone = await undoOne(run, one)
      emit({ type: 'migration-finished', migration: one.entry })
      if (!undone) {
        const isWhole = cancellation.requested && !(await isUndoBegun(run, one.planned.version))
        report.outcome = isWhole ? 'cancelled' : 'needs-attention'
        report.error = one.entry.rollback?.error ?? {
          message:
            one.entry.rollback?.reason ?? `The rollback of ${one.planned.version} did not end well`,
          version: one.planned.version,
        }
        break
      }
      report.outcome = 'rolled-back'
    }
  }
  await finish(context, open, key, await pictureToReach(open, chosen))
}

type Pictured = Chosen & PictureBefore

async function unlessStopped<Result>(asked: Promise<Result | null>): Promise<Result | null> {
  return asked.catch((error: unknown) => {
    if (error instanceof Cancelled) return null
    throw error
  })
}

async function undoOne(run: Run, one: Pictured): Promise<boolean> {
  const { planned, entry, journaled, before, names, objectBefore } = one
  const half = journaled.halfDone || journaled.state === 'running'
  const done = new Set(
    journaled.steps.filter(({ state }) => state !== 'rolled-back').map(({ ordinal }) => ordinal),
  )
  const undo = await undoMigration(run, {
    planned,
    report: entry,
    steps: half ? planned.steps.filter(({ ordinal }) => done.has(ordinal)) : planned.steps,
    whole: !half,
    before,
    names,
    objectBefore,
    ...(journaled.undo === null ? {} : { resumed: journaled.undo }),
  })
  entry.rollback = undo
  run.emit({ type: 'undone', migration: entry, undo })
  if (undo.outcome !== 'restored') return false
  entry.outcome = 'rolled-back'
  // It says the same when it is said twice.
  await again(() =>
    run.observer.simple(inTransaction(run.key, migrationRolledBack(run.key, planned.version))),
  )
  return true
}

/** Where the migrations undone are all that one run applied, the catalog must be back where that run found it. */
async function pictureToReach(
  open: OpenRun,
  chosen: readonly Chosen[],
): Promise<Fingerprint | null> {
  const runIds = new Set(chosen.map(({ journaled }) => journaled.runId))
  const [runId] = runIds
  if (runIds.size !== 1 || runId === undefined) return null
  const ofRun = open.journal.migrations.filter((migration) => migration.runId === runId)
  if (ofRun.length !== chosen.length) return null
  // Half of a migration that it only went on with was there when it began.
  if (ofRun.some(({ begunBy }) => begunBy !== runId)) return null
  const text = await readRunBefore(open.observer, runId)
  return text === null ? null : deserialise(text)
}

async function finish(
  context: CommandContext,
  open: OpenRun,
  key: { id: string; epoch: number },
  reach: Fingerprint | null,
): Promise<void> {
  const { report } = context
  // Whoever insists is not kept waiting for a picture of the catalog.
  const after = context.cancellation.insisted ? null : await readFingerprint(open.observer)
  if (after !== null && reach !== null && report.outcome === 'rolled-back') {
    const difference = differenceOf(reach, after)
    report.fingerprint = {
      before: reach.hash,
      after: after.hash,
      equal: difference.length === 0,
      difference,
    }
    if (difference.length > 0) report.outcome = 'needs-attention'
  }
  report.exitCode = exitCodeOf(report.outcome, report.command)
  const end = {
    outcome: report.outcome,
    fingerprintAfter: after === null ? null : serialise(after),
    error: context.redact(report.error),
  }
  // Where the first answer was lost, the second says that the run has ended: that is no takeover either.
  await unlessTakenOver(again(() => endRun(open.observer, key, end)))
}
