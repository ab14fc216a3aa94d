import type { InverseStatement } from '../plan/inverses.ts'
import type { JournalMigration as JournaledVersion } from '../plan/pending.ts'
import type { Session } from '../postgres/types.ts'
import type { RowEffect } from '../report/types.ts'

/** A migration as the journal knows it now, with all that a later run needs to go on with it or undo it. */
export interface JournalMigration extends JournaledVersion {
  readonly id: number
  readonly fingerprintBefore: string | null
  readonly rowEffects: readonly RowEffect[]
  readonly steps: readonly JournalStep[]
  /** The run that began it; `runId` is the one that carried out its last step. */
  readonly begunBy: string
  /** An undo that was begun and not ended. */
  readonly undo: UndoProgress | null
}

export interface JournalStep {
  readonly ordinal: number
  readonly kind: string
  readonly title: string
  readonly statementCount: number
  readonly state: 'started' | 'done' | 'failed' | 'rolled-back'
  readonly before: StepBefore | null
  readonly progress: BatchProgress | null
  readonly rowEffects: readonly RowEffect[]
}

/** What was true before a statement that allows no transaction. */
export interface StepBefore {
  /** For each expectation of the step, in order: did it hold already? */
  readonly held: readonly boolean[]
  /** OIDs by the name written in the statement; null where there was no such relation. */
  readonly oids: Readonly<Record<string, number | null>>
  /** OIDs of what an earlier REINDEX CONCURRENTLY had left on these tables; absent: nothing. */
  readonly leftovers?: readonly number[]
}

/** SQL that takes one effect back, and what would be lost with it if it holds data by then. */
export type StoredInverse = Pick<InverseStatement, 'sql' | 'concurrently' | 'holdsData'>

/** How far an undo has come, committed together with what it did: a killed one goes on there. */
export interface UndoProgress {
  readonly by: 'script' | 'inverses'
  /** Steps of the rollback script, or inverse statements, that are done. */
  readonly done: number
  /** The inverses as they were derived from the catalog then; none for a script, which is read again. */
  readonly statements: readonly StoredInverse[]
}

export interface BatchProgress {
  /** Upper key of the last committed batch, one text for each key column; null before the first of a pass. */
  readonly key: readonly string[] | null
  readonly pass: number
  readonly batches: number
  readonly rows: number
}

export interface JournalRun {
  readonly id: string
  readonly epoch: number
  readonly command: string
  readonly outcome: string | null
  readonly startedAt: Date
  readonly actor: string | null
  readonly runUrl: string | null
}

export interface JournalState {
  /** 0 where no journal exists. */
  readonly version: number
  readonly migrations: readonly JournalMigration[]
  /** Runs without an end, newest first. */
  readonly unfinished: readonly JournalRun[]
  /** The run that began last; null where there was none. */
  readonly newest: NewestRun | null
}

/** How the last run ended, and whether its success criteria were judged. */
export interface NewestRun extends Pick<JournalRun, 'id' | 'command' | 'outcome'> {
  readonly judged: boolean
}

/** The journal of a database that has none. */
export const emptyJournal: JournalState = {
  version: 0,
  migrations: [],
  unfinished: [],
  newest: null,
}

/**
 * Reads the journal in one round trip, two where it exists. Changes nothing; works without a journal.
 * Errors: ServerError 42501 where the role may not read schema airlock.
 */
export async function readJournal(session: Session): Promise<JournalState> {
  const exists = await session.query(
    `select pg_catalog.to_regclass('airlock.journal_version') is not null`,
  )
  if (exists.rows[0]?.[0] !== 't') return emptyJournal
  const [row] = await session.rows<{ journal: StoredJournal }>(journalQuery)
  if (row === undefined) return emptyJournal
  return reviveJournal(row.journal)
}

const journalQuery = `
select pg_catalog.json_build_object(
  'version', (select pg_catalog.max(version) from airlock.journal_version),
  'migrations', coalesce((
    select pg_catalog.json_agg(m order by m.id) from (
      select id, version, name, file, checksum, state, half_done as "halfDone", step_count as "stepCount", applied_at as "appliedAt",
             run_id as "begunBy", coalesce((
               select s.run_id from airlock.steps s where s.migration_id = migration.id order by s.ordinal desc limit 1
             ), run_id) as "runId", fingerprint_before as "fingerprintBefore", row_effects as "rowEffects", undo,
             coalesce((
               select pg_catalog.json_agg(pg_catalog.json_build_object(
                 'ordinal', s.ordinal, 'kind', s.kind, 'title', s.title, 'statementCount', s.statement_count, 'state', s.state,
                 'before', s.before, 'progress', s.progress, 'rowEffects', s.row_effects) order by s.ordinal)
               from airlock.steps s where s.migration_id = migration.id and (migration.state in ('running', 'applied') or migration.half_done or migration.undo is not null)
             ), '[]') as steps
      from airlock.migrations as migration
      where state in ('running', 'applied', 'verified') or half_done) m), '[]'),
  'unfinished', coalesce((
    select pg_catalog.json_agg(r order by r."startedAt" desc) from (
      select id, epoch, command, outcome, started_at as "startedAt", actor, run_url as "runUrl"
      from airlock.runs where outcome is null) r), '[]'),
  'newest', (
    select pg_catalog.json_build_object('id', r.id, 'command', r.command, 'outcome', r.outcome,
      'judged', coalesce(pg_catalog.to_jsonb(r) -> 'criteria', 'null') <> 'null')
    from airlock.runs r order by r.epoch desc, r.started_at desc limit 1)
) as journal`

interface StoredJournal {
  readonly version: number
  readonly migrations: readonly (Omit<JournalMigration, 'appliedAt'> & {
    appliedAt: string | null
  })[]
  readonly unfinished: readonly (Omit<JournalRun, 'startedAt'> & { startedAt: string })[]
  readonly newest: NewestRun | null
}

function reviveJournal(stored: StoredJournal): JournalState {
  return {
    version: stored.version,
    migrations: stored.migrations.map((migration) => ({
      ...migration,
      appliedAt: migration.appliedAt === null ? null : new Date(migration.appliedAt),
    })),
    unfinished: stored.unfinished.map((run) => ({ ...run, startedAt: new Date(run.startedAt) })),
    newest: stored.newest,
  }
}
