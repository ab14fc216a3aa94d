import { Refusal } from '../report/refusal.ts'
import { sameButForRetry } from '../runbook/checksum.ts'
import { compareVersions, parseVersion, versionKey } from '../runbook/version.ts'
import type { PlannedMigration } from './types.ts'

/** What the journal says of one migration: begun, applied, verified or left half done. */
export interface JournalMigration {
  readonly version: string
  readonly name: string
  readonly file: string
  readonly checksum: string
  readonly state: 'running' | 'applied' | 'verified' | 'failed' | 'rolled-back'
  /** Something of it is committed although it isn't applied. */
  readonly halfDone: boolean
  readonly appliedAt: Date | null
  readonly runId: string
  readonly steps: readonly {
    readonly ordinal: number
    readonly state: string
    readonly kind: string
    readonly statementCount: number
  }[]
  /** Steps that the plan made of it when it was begun. */
  readonly stepCount: number
  /** An undo of it was begun and not ended; null or absent: none. */
  readonly undo?: object | null
}

/** What is to be done with one migration of the folder, and why. */
export type Decision = { readonly migration: PlannedMigration } & (
  | { readonly action: 'already-applied'; readonly journal: JournalMigration }
  /** Applied by a run that ended before it was verified. */
  | { readonly action: 'verify-first'; readonly journal: JournalMigration }
  | { readonly action: 'apply' }
  /** Left half done: goes on at the first step that isn't done. */
  | { readonly action: 'resume'; readonly journal: JournalMigration; readonly fromStep: number }
  /** An undo of it was killed on the way: that ends first, then it is applied anew. */
  | { readonly action: 'redo'; readonly journal: JournalMigration }
  | { readonly action: 'disabled'; readonly reason: string }
  /** `readyAt` is null as long as the migration it waits for isn't applied. */
  | { readonly action: 'waiting'; readonly readyAt: Date | null; readonly reason: string }
  /** Pending, but later than `to`. */
  | { readonly action: 'beyond'; readonly reason: string }
)

export interface PendingOptions {
  readonly now: Date
  readonly outOfOrder: 'refuse' | 'allow'
  /** The last version to apply. */
  readonly to?: string | undefined
}

export interface PendingDecisions {
  /** In version order, one a migration of the folder. */
  readonly decisions: readonly Decision[]
  /** All gates that are shut; the run changes nothing unless there are none. */
  readonly refusals: readonly Refusal[]
}

/**
 * What a run has to do: the folder's migrations beside the journal.
 * @param migrations in any order, versions unique.
 * @param journal at most one entry a version; what was rolled back may be there or not.
 */
export function decidePending(
  migrations: readonly PlannedMigration[],
  journal: readonly JournalMigration[],
  options: PendingOptions,
): PendingDecisions {
  const sorted = [...migrations].sort((a, b) => compareVersions(a.files.order, b.files.order))
  const live = journal.filter(isLive)
  const byVersion = new Map(live.map((entry) => [versionKey(entry.version), entry]))
  const entryOf = ({ version }: PlannedMigration) => byVersion.get(versionKey(version))
  const decisions = sorted.map((migration) =>
    decide(migration, entryOf(migration), sorted, live, options),
  )
  return {
    decisions,
    refusals: [
      ...unknownTarget(sorted, options),
      ...missingFiles(sorted, live),
      ...sorted.flatMap((migration) => changedSince(migration, entryOf(migration))),
      ...sorted.flatMap((migration) => cutOtherwise(migration, entryOf(migration))),
      ...decisions.flatMap(({ migration }) => unknownPredecessor(migration, sorted, live)),
      ...(options.outOfOrder === 'allow' ? [] : outOfOrder(decisions, live)),
    ],
  }
}

/** True when the database holds something of it. */
function isLive({ state, halfDone }: JournalMigration): boolean {
  return state === 'running' || state === 'applied' || state === 'verified' || halfDone
}

function isApplied({ state }: JournalMigration): boolean {
  return state === 'applied' || state === 'verified'
}

function decide(
  migration: PlannedMigration,
  entry: JournalMigration | undefined,
  migrations: readonly PlannedMigration[],
  journal: readonly JournalMigration[],
  { now, to }: PendingOptions,
): Decision {
  if (entry !== undefined) return decideJournaled(migration, entry)
  const { directives } = migration
  if (directives.disabled === true) {
    const reason = 'it is disabled: remove `disabled` from the file to deploy it'
    return { action: 'disabled', migration, reason }
  }
  const wait = waiting(migration, migrations, journal, now)
  if (wait !== null) return { action: 'waiting', migration, ...wait }
  if (to !== undefined && compare(migration.version, to) > 0) {
    return { action: 'beyond', migration, reason: `it comes after ${to}, where this run ends` }
  }
  return { action: 'apply', migration }
}

function decideJournaled(migration: PlannedMigration, journal: JournalMigration): Decision {
  if (isBeingUndone(journal)) return { action: 'redo', migration, journal }
  if (journal.state === 'verified') return { action: 'already-applied', migration, journal }
  if (journal.state === 'applied') return { action: 'verify-first', migration, journal }
  const done = new Set(
    journal.steps.filter(({ state }) => state === 'done').map(({ ordinal }) => ordinal),
  )
  const undone = migration.steps.find(({ ordinal }) => !done.has(ordinal))
  const fromStep = undone?.ordinal ?? migration.steps.length + 1
  return { action: 'resume', migration, journal, fromStep }
}

function isBeingUndone({ undo }: JournalMigration): boolean {
  return undo !== undefined && undo !== null
}

function waiting(
  { directives, version }: PlannedMigration,
  migrations: readonly PlannedMigration[],
  journal: readonly JournalMigration[],
  now: Date,
): { readonly readyAt: Date | null; readonly reason: string } | null {
  const { after } = directives
  if (after === undefined) return null
  const awaited = journal.find((entry) => same(entry.version, after.version) && isApplied(entry))
  if (awaited?.appliedAt == null) {
    const name = migrations.find((one) => same(one.version, after.version))?.name
    const shown = name === undefined ? after.version : `${after.version} (${name})`
    const reason = `${version} may run ${after.soak} after ${shown} was applied, which it isn't yet`
    return { readyAt: null, reason }
  }
  const readyAt = new Date(awaited.appliedAt.getTime() + after.soakMs)
  if (readyAt <= now) return null
  const since = awaited.appliedAt.toISOString()
  const reason = `${version} may run ${after.soak} after ${after.version} was applied (${since}): at ${readyAt.toISOString()}`
  return { readyAt, reason }
}

function unknownTarget(
  migrations: readonly PlannedMigration[],
  { to }: PendingOptions,
): readonly Refusal[] {
  if (to === undefined || migrations.some(({ version }) => same(version, to))) return []
  return [
    new Refusal({
      what: `there is no migration ${to}`,
      why: 'the run is to end at this version, and the migrations folder has no such file',
      fix: 'give the version of a migration in the folder',
    }),
  ]
}

function missingFiles(
  migrations: readonly PlannedMigration[],
  journal: readonly JournalMigration[],
): readonly Refusal[] {
  const present = new Set(migrations.map(({ version }) => versionKey(version)))
  return journal
    .filter(({ version }) => !present.has(versionKey(version)))
    .map(
      (entry) =>
        new Refusal({
          what: `${entry.file} was applied, but isn't in the migrations folder`,
          where: { file: entry.file, line: 1, column: 1 },
          why: `the journal holds version ${entry.version} in state ${entry.state}: a folder without it was made for another database, or lost a file`,
          fix: 'deploy from a commit that has the file',
          exitCode: 1,
        }),
    )
}

/** Is it still the file that was begun or applied? One that is half done may have been told meanwhile that it may be tried again. */
export function isSameFile(
  { checksum, directives, files }: PlannedMigration,
  entry: JournalMigration,
): boolean {
  if (entry.checksum === checksum) return true
  return (
    !isApplied(entry) &&
    directives.retry === 'safe' &&
    sameButForRetry(files.forward.text, entry.checksum)
  )
}

function changedSince(
  migration: PlannedMigration,
  entry: JournalMigration | undefined,
): readonly Refusal[] {
  if (entry === undefined || isBeingUndone(entry) || isSameFile(migration, entry)) return []
  const { file, version, checksum } = migration
  const half = !isApplied(entry)
  return [
    new Refusal({
      what: `${file} has changed since version ${version} was ${half ? 'begun' : 'applied'}`,
      where: { file, line: 1, column: 1 },
      why: `the journal has the checksum ${entry.checksum}, the file now has ${checksum}${half ? '; its steps that are done belong to the old text' : ''}`,
      fix: half
        ? 'bring the file back to the text that was begun, or roll that migration back first'
        : 'bring the file back to the text that was applied, and put the change into a new migration',
      exitCode: 1,
    }),
  ]
}

/** Half done, and planned otherwise now: a procedure that it calls was replaced, or the server upgraded. What is done can't be told any more. */
function cutOtherwise(
  { file, version, steps }: PlannedMigration,
  entry: JournalMigration | undefined,
): readonly Refusal[] {
  if (entry === undefined || isApplied(entry) || isBeingUndone(entry)) return []
  const isSame = entry.steps.every(({ ordinal, kind, statementCount }) => {
    const step = steps[ordinal - 1]
    return step?.kind === kind && step.statements.length === statementCount
  })
  if (isSame && entry.stepCount === steps.length) return []
  return [
    new Refusal({
      what: `${file} is half done, and would now be carried out in other steps than when it was begun`,
      where: { file, line: 1, column: 1 },
      why: `the journal has ${entry.stepCount} steps of version ${version}, the plan now has ${steps.length}: a procedure that it calls may have been replaced, or the server upgraded`,
      fix: 'bring back what the plan depends on, or roll that migration back first',
      exitCode: 1,
    }),
  ]
}

function unknownPredecessor(
  { directives, file }: PlannedMigration,
  migrations: readonly PlannedMigration[],
  journal: readonly JournalMigration[],
): readonly Refusal[] {
  const { after } = directives
  if (after === undefined) return []
  if ([...migrations, ...journal].some(({ version }) => same(version, after.version))) return []
  return [
    new Refusal({
      what: `${file} waits for version ${after.version}, which doesn't exist`,
      where: { file, line: 1, column: 1 },
      why: 'neither the migrations folder nor the journal knows it, so the wait would never end',
      fix: 'correct the version in `after=`, or remove it',
    }),
  ]
}

/** Disabled and waiting ones are exempt, and so is one whose wait is over. */
function outOfOrder(
  decisions: readonly Decision[],
  journal: readonly JournalMigration[],
): readonly Refusal[] {
  const newest = journal
    .filter(isApplied)
    .reduce<JournalMigration | null>(
      (latest, entry) =>
        latest === null || compare(entry.version, latest.version) > 0 ? entry : latest,
      null,
    )
  if (newest === null) return []
  return decisions.flatMap(({ action, migration }) => {
    if (action !== 'apply' || migration.directives.after !== undefined) return []
    if (compare(migration.version, newest.version) > 0) return []
    return [
      new Refusal({
        what: `${migration.file} is pending, but older than the newest applied migration ${newest.version}`,
        where: { file: migration.file, line: 1, column: 1 },
        why: 'databases that were deployed to in another order would end up different',
        fix: 'give the file a version after the newest applied one, or set `out-of-order: allow`',
        exitCode: 1,
      }),
    ]
  })
}

function same(one: string, other: string): boolean {
  return versionKey(one) === versionKey(other)
}

function compare(one: string, other: string): number {
  return compareVersions(parseVersion(one) ?? [], parseVersion(other) ?? [])
}
