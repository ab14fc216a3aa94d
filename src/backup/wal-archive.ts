import { setTimeout as pause } from 'node:timers/promises'
import type { Session } from '../postgres/types.ts'
import type { RestorePointReport } from '../report/types.ts'

/** What the server says of its WAL and what becomes of it. */
export interface WalArchive {
  readonly walLevel: string
  /** archive_mode, and a command or library that archives. */
  readonly isArchiving: boolean
  readonly mayCreate: boolean
  readonly maySwitch: boolean
  readonly lastArchived: string | null
  /** The segment that could not be archived last, where nothing was archived since. */
  readonly failing: string | null
  readonly failedCount: number
}

/** One query that every role may make. What archive_command says is not read out: passwords stand in some. */
export async function readWalArchive(session: Session): Promise<WalArchive> {
  const [row] = await session.rows<WalArchive>(query)
  if (row === undefined) throw new Error('pg_stat_archiver has one row')
  return row
}

/** archive_library came with 15. archive_command reads '(disabled)' while archive_mode is off. */
const query = `
select pg_catalog.current_setting('wal_level') as "walLevel",
       pg_catalog.current_setting('archive_mode') <> 'off'
         and (pg_catalog.current_setting('archive_command') not in ('', '(disabled)')
              or coalesce(pg_catalog.current_setting('archive_library', true), '') <> '') as "isArchiving",
       pg_catalog.has_function_privilege('pg_catalog.pg_create_restore_point(text)', 'execute') as "mayCreate",
       pg_catalog.has_function_privilege('pg_catalog.pg_switch_wal()', 'execute') as "maySwitch",
       a.last_archived_wal as "lastArchived",
       case when a.last_failed_time > coalesce(a.last_archived_time, '-infinity') then a.last_failed_wal end as failing,
       a.failed_count as "failedCount"
from pg_catalog.pg_stat_archiver a`

/** 'archived', 'not yet archived', 'archiving is off', 'failing: …'. */
export function archiveStateOf(archive: WalArchive, walFile: string | undefined): string {
  if (!archive.isArchiving) return 'archiving is off'
  if (walFile !== undefined && isArchived(walFile, archive.lastArchived)) return 'archived'
  if (archive.failing !== null) {
    return `failing: ${archive.failing} could not be archived (${archive.failedCount} failures so far)`
  }
  return 'not yet archived'
}

/** Segments of one timeline are archived in order, and their names sort like their numbers. */
function isArchived(walFile: string, last: string | null): boolean {
  if (last === null || !/^[0-9A-F]{24}/.test(last)) return false
  const segment = last.slice(0, 24)
  return segment.slice(0, 8) === walFile.slice(0, 8) && segment >= walFile
}

/** Half a second is what an archiver that was woken takes; no run waits longer than this for one. */
const patienceMs = 10_000

/**
 * Looks the segment up again when the run is over. It is archived only once it is full, unless WAL was switched: then it is waited for, until
 * `isStopped` says that there is no time to.
 */
export async function lookAtArchiveAgain(
  session: Session,
  report: RestorePointReport,
  isStopped: () => boolean,
): Promise<RestorePointReport> {
  if (report.lsn === null) return report
  const deadline = Date.now() + patienceMs
  for (;;) {
    const archive = archiveStateOf(await readWalArchive(session), report.walFile)
    const mayCome = archive === 'not yet archived' && report.switched === true
    if (!mayCome || isStopped() || Date.now() > deadline) {
      return { ...report, archive }
    }
    await pause(250)
  }
}
