import { ServerError } from '../postgres/server-error.ts'
import { sqlstate } from '../postgres/sqlstate.ts'
import type { Session } from '../postgres/types.ts'
import type { CheckReport, RestorePointReport } from '../report/types.ts'
import type { RestorePoint } from '../runbook/gates/backup.ts'
import type { Placeholder } from '../runbook/gates/template.ts'
import { restorePointName } from './restore-point-name.ts'
import { archiveStateOf, readWalArchive, type WalArchive } from './wal-archive.ts'

export interface JudgedRestorePoint {
  readonly report: RestorePointReport
  readonly check: CheckReport
}

type Values = Readonly<Record<Placeholder, string>>

/** Why a restore point can't be made, or would be of no use, and what to do. */
interface Obstacle {
  readonly reason: string
  readonly fix: string
  /** It can be made all the same. */
  readonly isPossible: boolean
}

/** Makes a restore point in the target's WAL, as airlock.yml says; `make` false: says only whether it could be made. */
export async function makeRestorePoint(
  settings: RestorePoint,
  observer: Session,
  values: Values,
  make = true,
): Promise<JudgedRestorePoint> {
  const named = restorePointName(settings.name, values)
  const archive = await readWalArchive(observer)
  const obstacle = obstacleOf(archive)
  const severity = settings['if-impossible']
  const isTried = make && (obstacle === null || (obstacle.isPossible && severity === 'warn'))
  if (!isTried) return judged(named, archive, obstacle, severity, null)
  try {
    return judged(named, archive, obstacle, severity, await create(observer, named.name, settings))
  } catch (error) {
    if (!(error instanceof ServerError) || error.lost) throw error
    return judged(named, archive, refusedBy(error), severity, null)
  }
}

interface Created {
  readonly lsn: string
  readonly walFile: string
  readonly createdAt: string
}

/**
 * The LSN is the end of the restore point's record. pg_walfile_name() gave the segment before for an LSN at a segment's beginning until 16, that
 * very segment from 17 on: one byte earlier all agree, and the record is in it. In parentheses, because what begins with SELECT is asked again
 * when the connection was lost, and a second point of that name would stand behind the first, at which a recovery stops.
 */
async function create(observer: Session, name: string, settings: RestorePoint): Promise<Created> {
  const [row] = await observer.rows<Created>(
    `(select p.lsn::text as lsn, pg_catalog.pg_walfile_name(p.lsn - 1::numeric) as "walFile",
            pg_catalog.to_char(pg_catalog.clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt"
     from pg_catalog.pg_create_restore_point($1) as p(lsn))`,
    [name],
  )
  if (row === undefined) throw new Error('pg_create_restore_point returns an LSN')
  if (settings['switch-wal']) await observer.query('select pg_catalog.pg_switch_wal()')
  return row
}

const signature = 'pg_catalog.pg_create_restore_point(text)'
const grant = `GRANT EXECUTE ON FUNCTION ${signature} TO the role that deploys (as superuser, in this database).`

function obstacleOf(archive: WalArchive): Obstacle | null {
  if (!archive.mayCreate) {
    return { reason: `the role may not call ${signature}`, fix: grant, isPossible: false }
  }
  if (archive.walLevel === 'minimal') {
    return {
      reason: 'wal_level is minimal: WAL holds too little to recover from',
      fix: 'Set wal_level = replica and archive_mode = on, and restart the server.',
      isPossible: false,
    }
  }
  if (!archive.isArchiving) {
    return {
      reason:
        'WAL is not archived by the server (archive_mode, archive_command, archive_library): a restore point is of use only to who has the WAL up to it',
      fix: 'Set up WAL archiving. Where WAL is streamed to an archive instead (pg_receivewal), this is only a reminder.',
      isPossible: true,
    }
  }
  if (archive.failing !== null) {
    return {
      reason: `WAL archiving is failing: ${archive.failing} could not be archived, ${archive.failedCount} failures so far`,
      fix: 'Read the server’s log, mend archive_command, and deploy again.',
      isPossible: true,
    }
  }
  return null
}

function refusedBy({ code, message }: ServerError): Obstacle {
  return {
    reason: `${message} (SQLSTATE ${code})`,
    fix: code === sqlstate.insufficientPrivilege ? grant : 'See the server’s log.',
    isPossible: false,
  }
}

function judged(
  { name, isShortened }: ReturnType<typeof restorePointName>,
  archive: WalArchive,
  obstacle: Obstacle | null,
  severity: RestorePoint['if-impossible'],
  created: Created | null,
): JudgedRestorePoint {
  const problem = { fail: 'failed', warn: 'warned', off: 'not-checked' } as const
  const unmade = created === null ? 'not-checked' : 'passed'
  const outcome = obstacle === null ? unmade : problem[severity]
  const reason =
    obstacle?.reason ?? (created === null ? 'made by deploy, before its first change' : undefined)
  const state = archiveStateOf(archive, created?.walFile)
  const short = isShortened ? ' (its name was shortened to 63 bytes)' : ''
  return {
    report: {
      name,
      lsn: created?.lsn ?? null,
      ...(created === null ? {} : { walFile: created.walFile, createdAt: created.createdAt }),
      archive: state,
      outcome,
      ...(reason === undefined ? {} : { reason }),
    },
    check: {
      id: 'restore-point.made',
      group: 'restore point',
      title: 'Restore point',
      outcome,
      expected: `${name}${short}, its WAL archived`,
      actual:
        created === null
          ? `not made, ${state}`
          : `made at ${created.lsn} in ${created.walFile}, ${state}`,
      ...(reason === undefined ? {} : { reason }),
      ...(obstacle === null ? {} : { fix: obstacle.fix }),
    },
  }
}
