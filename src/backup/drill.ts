import { runProgram } from '../host/process.ts'
import { connect } from '../postgres/session.ts'
import type { ConnectionConfig, Session } from '../postgres/types.ts'
import type { CheckReport } from '../report/types.ts'
import { backupCheck } from './check-report.ts'
import { complaintOf } from './client.ts'
import { besidePgDump, type DumpFormat } from './content.ts'
import { withLibpqEnvironment } from './libpq-environment.ts'
import type { PlanTable } from './plan-tables.ts'
import { countRows, countUntil, type RowCounts } from './row-counts.ts'

export interface Drill {
  readonly connection: ConnectionConfig
  readonly path: string
  readonly format: DumpFormat
  /** A text that gzip has packed. */
  readonly isPacked: boolean
  readonly target: ConnectionConfig
  readonly tables: readonly PlanTable[]
  /** Rows that the backup must hold. */
  readonly counts: RowCounts
  /** The counts are of the backup's own snapshot; else a hundredth may have come or gone meanwhile. */
  readonly isExact: boolean
  /** pg_dump, beside which pg_restore and psql are. */
  readonly program: string
  readonly timeoutMs: number
  readonly stop: AbortSignal
}

const title = 'restore drill'
const failed = (expected: string, actual: string, reason: string, fix: string) =>
  backupCheck('drill', title, 'failed', expected, actual, { reason, fix })

/** Restores the backup into an empty throw-away database, and counts the rows of the plan's tables there. What was restored stays there. */
export async function judgeDrill(drill: Drill): Promise<CheckReport> {
  const { connection } = drill
  const session = await connect(connection, {
    name: 'drill',
    applicationName: 'pg-airlock drill',
    unlimited: true,
  })
  try {
    const inside = await relationsIn(session)
    if (inside > 0 || isSame(connection, drill.target)) {
      return failed(
        'an empty throw-away database',
        inside > 0 ? `${inside} relations in it` : 'the target itself',
        'The restore would mix with what is there, or change what must not be changed.',
        'Give the URL of a database that was just created, on a server of the same major.',
      )
    }
    const complaint = await restore(drill)
    const [, role] = /ERROR: {2}role "(.*)" does not exist/.exec(complaint) ?? []
    if (role !== undefined && drill.format === 'plain') {
      return backupCheck('drill', title, 'not-checked', 'restored, with all rows', complaint, {
        reason: `The text gives objects to ${role}, a role that the throw-away server hasn’t got.`,
        fix: 'Create the roles there, or write format custom, which is restored without owners.',
      })
    }
    if (complaint !== '') {
      return failed(
        'restored without an error',
        complaint,
        'A backup that can’t be restored is none.',
        'Look at what the restore said; extensions and the server’s version must be those of the target.',
      )
    }
    const close = () => session.close().catch(() => undefined)
    const count = () => countRows(session, drill.tables)
    return judgeCounts(drill, await countUntil(drill.stop, close, count))
  } finally {
    await session.close()
  }
}

async function relationsIn(session: Session): Promise<number> {
  const [row] = await session.rows<{ count: number }>(
    `select pg_catalog.count(*)::int as count from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
       and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                       and d.objid = c.oid and d.deptype = 'e')`,
  )
  return row?.count ?? 0
}

function isSame(one: ConnectionConfig, other: ConnectionConfig): boolean {
  const key = ({ endpoints, database }: ConnectionConfig) =>
    JSON.stringify([endpoints[0]?.host, endpoints[0]?.port, database])
  return key(one) === key(other)
}

/** Returns what went wrong, empty where nothing did. */
function restore(drill: Drill): Promise<string> {
  const { connection, timeoutMs, stop } = drill
  return withLibpqEnvironment(connection, undefined, async (env) => {
    const [program, ...args] = restoring(drill, connection.database)
    const end = await runProgram(program, args, { env: { ...env, LC_ALL: 'C' }, timeoutMs, stop })
    return end.code === 0 && end.ended === 'exited' ? '' : complaintOf(end)
  })
}

/** Owners and grants of an archive are left out: their roles need not be there. A text can't leave them out. */
function restoring(
  { path, format, isPacked, program }: Drill,
  database: string,
): readonly [string, ...string[]] {
  if (format !== 'plain') {
    const dbname = `--dbname=dbname=${conninfoValue(database)}`
    const without = ['--no-owner', '--no-privileges']
    const pgRestore = besidePgDump(program, 'pg_restore')
    return [pgRestore, ...without, '--exit-on-error', '--no-password', dbname, path]
  }
  const psql = [
    besidePgDump(program, 'psql'),
    '--no-psqlrc',
    '--no-password',
    '--quiet',
    '--set=ON_ERROR_STOP=1',
  ] as const
  return isPacked
    ? ['sh', '-c', unpackInto, path, ...psql, '--file=-']
    : [...psql, `--file=${path}`]
}

/** The file is `$0`, the program that reads what was packed in it all others. A shell has no pipefail, but the file was read whole before. */
const unpackInto =
  'command -v gzip >/dev/null || { echo "there is no program gzip" >&2; exit 1; }; gzip -dc <"$0" | "$@"'

const conninfoValue = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`

function judgeCounts({ counts, isExact }: Drill, restored: RowCounts): CheckReport {
  const tolerance = (rows: number) => (isExact ? 0 : Math.ceil(rows / 100))
  const wrong = [...counts].filter(
    ([table, rows]) => Math.abs((restored.get(table) ?? -1) - rows) > tolerance(rows),
  )
  const sum = (of: RowCounts) => [...of.values()].reduce((total, rows) => total + rows, 0)
  const how = isExact ? 'the same snapshot' : 'within 1 %, as the application went on writing'
  const told = (of: RowCounts) =>
    `${sum(of)} rows in ${of.size} ${of.size === 1 ? 'table' : 'tables'}`
  const expected = `${told(counts)} (${how})`
  const actual = told(restored)
  if (wrong.length === 0) return backupCheck('drill', title, 'passed', expected, actual)
  return backupCheck('drill', title, 'failed', expected, actual, {
    reason: 'What comes back from the backup is not what was in the database.',
    fix: 'Find out why rows are missing, and deploy again.',
    details: wrong
      .map(([table, rows]) => `${table}: ${rows} rows, restored ${restored.get(table) ?? 'none'}`)
      .slice(0, 100),
  })
}
