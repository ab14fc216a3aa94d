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
  const unswitchable = settings['switch-wal'] && !archive.maySwitch ? noSwitch : null
  const isPossible = obstacle === null || (obstacle.isPossible && severity === 'warn')
  if (!make || !isPossible || (unswitchable !== null && severity === 'fail')) {
    return judged(named, archive, obstacle ?? unswitchable, severity, null)
  }
  const created = await unlessRefused(create(observer, named.name), grant)
  if ('reason' in created) return judged(named, archive, created, severity, null)
  if (!settings['switch-wal']) return judged(named, archive, obstacle, severity, created)
  const refused = await switchWal(observer)
  const whole = { ...created, switched: refused === null }
  return judged(named, archive, obstacle ?? refused, severity, whole)
}

interface Created {
  readonly lsn: string
  readonly walFile: string
  readonly createdAt: string
  readonly switched?: boolean
}

/**
 * The LSN is the end of the restore point's record. pg_walfile_name() gave the segment before for an LSN at a segment's beginning until 16, that
 * very segment from 17 on: one byte earlier all agree, and the record is in it. In parentheses, because what begins with SELECT is asked again
 * when the connection was lost, and a second point of that name would stand behind the first, at which a recovery stops.
 */
async function create(observer: Session, name: string): Promise<Created> {
  const [row] = await observer.rows<Created>(
    `(select p.lsn::text as lsn, pg_catalog.pg_walfile_name(p.lsn - 1::numeric) as "walFile",
            pg_catalog.to_char(pg_catalog.clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt"
     from pg_catalog.pg_create_restore_point($1) as p(lsn))`,
    [name],
  )
  if (row === undefined) throw new Error('pg_create_restore_point returns an LSN')
  return row
}

/** The point is made by then, so that it can't be switched must not make it seem unmade. Null: it was switched. */
async function switchWal(observer: Session): Promise<Obstacle | null> {
  const switching = observer.query('select pg_catalog.pg_switch_wal()')
  const answer = await unlessRefused(switching, noSwitch.fix)
  if (!('reason' in answer)) return null
  return { ...answer, reason: `made, but WAL was not switched: ${answer.reason}` }
}

const signature = 'pg_catalog.pg_create_restore_point(text)'
const grantOn = (of: string): string =>
  `GRANT EXECUTE ON FUNCTION ${of} TO the role that deploys (as superuser, in this database).`
const grant = grantOn(signature)

const noSwitch: Obstacle = {
  reason: 'switch-wal is true, and the role may not call pg_catalog.pg_switch_wal()',
  fix: `${grantOn('pg_catalog.pg_switch_wal()')} Or leave switch-wal out: the segment is archived when it is full.`,
  isPossible: true,
}

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

/** What the server answers, or why it doesn't; `fix` is what to do where it lacks a privilege. */
async function unlessRefused<Answer>(
  asked: Promise<Answer>,
  fix: string,
): Promise<Answer | Obstacle> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof ServerError) || error.lost) throw error
    const { code, message } = error
    return {
      reason: `${message} (SQLSTATE ${code})`,
      fix: code === sqlstate.insufficientPrivilege ? fix : 'See the server’s log.',
      isPossible: false,
    }
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
      ...(created === null ? {} : made(created)),
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

const made = ({ walFile, createdAt, switched }: Created) => ({
  walFile,
  createdAt,
  ...(switched === undefined ? {} : { switched }),
})
