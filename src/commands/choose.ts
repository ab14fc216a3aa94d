import { addRowEffects, committedRows } from '../deploy/steps/migration-run.ts'
import type { JournalMigration, JournalState } from '../journal/state.ts'
import { laterDependants } from '../plan/dependencies.ts'
import { isSameFile } from '../plan/pending.ts'
import type { PlannedMigration } from '../plan/types.ts'
import { Refusal } from '../report/refusal.ts'
import type { MigrationReport } from '../report/types.ts'
import { compareVersions, sameVersion } from '../runbook/version.ts'
import type { CommandContext } from './context.ts'
import { entryOf } from './report.ts'

/** A migration to undo. */
export interface Chosen {
  readonly planned: PlannedMigration
  readonly entry: MigrationReport
  readonly journaled: JournalMigration
}

/**
 * Which migrations a rollback undoes, newest first: what is in the database (applied or half done), narrowed by `only`, `to`, `last-run`, or
 * the newest alone. Fills the outcomes of the others.
 * Errors: Refusal for an unknown version, a file that is missing or has changed, `only` where later migrations need its objects, and for a
 * migration that says rollback=none.
 */
export function chooseMigrations(
  context: CommandContext,
  journal: JournalState,
  planned: readonly PlannedMigration[],
): Chosen[] {
  const { report, settings } = context
  const present = planned
    .flatMap((migration) => {
      const journaled = journal.migrations.find(({ version }) => version === migration.version)
      const entry = entryOf(report, migration.version)
      entry.outcome = journaled === undefined ? 'pending' : 'already-applied'
      return journaled === undefined ? [] : [{ planned: migration, entry, journaled }]
    })
    .sort((a, b) => compareVersions(b.planned.files.order, a.planned.files.order))
  const chosen = select(present, settings, journal)
  refuseMissingFiles(planned, chosen, journal)
  for (const { planned: migration, journaled, entry } of chosen) {
    refuseUnfit(migration, journaled)
    addRowEffects(entry, committedRows(journaled))
  }
  return chosen
}

function select(
  present: readonly Chosen[],
  settings: CommandContext['settings'],
  journal: JournalState,
): Chosen[] {
  const { only, to, lastRun } = settings
  if (only !== undefined) return selectOnly(present, only)
  if (to !== undefined) return selectAfter(present, to)
  if (!lastRun) return present.slice(0, 1)
  const newest = [...journal.migrations].sort((a, b) => b.id - a.id)[0]
  return present.filter(({ journaled }) => journaled.runId === newest?.runId)
}

function selectOnly(present: readonly Chosen[], only: string): Chosen[] {
  const chosen = present.find(({ planned }) => sameVersion(planned.version, only))
  if (chosen === undefined) throw unknown(only, present)
  const later = present.filter(
    ({ planned }) => compareVersions(planned.files.order, chosen.planned.files.order) > 0,
  )
  const dependants = laterDependants(
    chosen.planned,
    later.map(({ planned }) => planned),
  )
  if (dependants.length === 0) return [chosen]
  const named = dependants.map(({ version, object }) => `${version} needs ${object}`).join('; ')
  throw new Refusal({
    what: `Version ${only} can't be undone alone: later migrations need its objects.`,
    why: `${named}.`,
    fix: `Roll back to the version before it (\`to\`), which undoes the later ones too.`,
    exitCode: 1,
  })
}

function selectAfter(present: readonly Chosen[], to: string): Chosen[] {
  const target = present.find(({ planned }) => sameVersion(planned.version, to))
  if (target === undefined) throw unknown(to, present)
  return present.filter(
    ({ planned }) => compareVersions(planned.files.order, target.planned.files.order) > 0,
  )
}

function unknown(version: string, present: readonly Chosen[]): Refusal {
  const applied = present.map(({ planned }) => planned.version).join(', ')
  return new Refusal({
    what: `Version ${version} is not in the database.`,
    why: applied === '' ? 'Nothing is applied.' : `Applied are ${applied}.`,
    fix: 'Give one of the versions that are applied.',
    exitCode: 1,
  })
}

/**
 * A version whose file is not in the folder can't be undone, and neither can what came before it without stepping over it.
 */
function refuseMissingFiles(
  planned: readonly PlannedMigration[],
  chosen: readonly Chosen[],
  journal: JournalState,
): void {
  const oldest = chosen.at(-1)?.journaled.id ?? Number.POSITIVE_INFINITY
  const missing = journal.migrations.find(
    ({ id, version }) => id > oldest && !planned.some((known) => known.version === version),
  )
  if (missing === undefined) return
  throw new Refusal({
    what: `Migration ${missing.version} was applied later, and its file is not in the folder.`,
    why: 'It may need what this rollback takes away, and without its file nothing says so.',
    fix: 'Roll back from the commit that was deployed.',
    exitCode: 1,
  })
}

function refuseUnfit(planned: PlannedMigration, journaled: JournalMigration): void {
  const place = { file: planned.file, line: 1, column: 1 }
  if (!isSameFile(planned, journaled)) {
    throw new Refusal({
      what: `${planned.file} has changed since it was applied.`,
      where: place,
      why: 'What it did then is not what it says now, so its inverse is not known.',
      fix: 'Roll back from the commit that was deployed.',
      exitCode: 1,
    })
  }
  if (planned.directives.rollback !== undefined) {
    throw new Refusal({
      what: `${planned.version} ${planned.name} says that it can't be undone.`,
      where: place,
      why: planned.directives.rollback.reason,
      fix: 'Go forward with a new migration, or restore from the backup.',
      exitCode: 1,
    })
  }
}
