import type { StoredBackup } from '../host/backup-files.ts'
import { sizeText } from '../report/size-text.ts'
import type { CheckReport } from '../report/types.ts'
import { backupCheck } from './check-report.ts'
import type { Content } from './content.ts'
import type { PlainDump } from './plain-dump.ts'
import type { PlanTable } from './plan-tables.ts'

/** An exit code is a promise, a file that can be read to its end is a proof. */
export function judgeReadable({
  isReadable,
  complaint,
  format,
  archive,
  plain,
}: Content): CheckReport {
  const title = 'backup can be read'
  const expected = 'read from beginning to end'
  if (isReadable === null) {
    return backupCheck('readable', title, 'not-checked', expected, 'not known', {
      reason: complaint,
      fix: 'Install the client programs of Postgres (pg_restore), and write a format of pg_dump: custom, directory, tar, or plain (gzip or not).',
    })
  }
  if (!isReadable) {
    return backupCheck('readable', title, 'failed', expected, complaint, {
      reason: 'A backup that can’t be read to its end can’t be restored.',
      fix: 'Find out why it broke off (a full disk, a pipe whose first program failed: set -o pipefail), and deploy again.',
    })
  }
  const entries = archive?.entries ?? plain?.entries ?? 0
  const how = archive === null ? 'header and last line are there' : 'pg_restore lists'
  const said =
    archive === null
      ? `${how}, ${entries} entries`
      : `${how} ${entries} entries and reads all of them`
  return backupCheck('readable', title, 'passed', expected, `${said} (format ${format})`)
}

/** Definition and rows of each table that the migrations change. A dump of the schema alone lacks the latter. */
export function judgeTables(content: Content, tables: readonly PlanTable[]): CheckReport {
  const title = 'backup holds the tables of the plan'
  const found = content.archive ?? content.plain
  const expected = `${tables.length === 1 ? '1 table with its' : `${tables.length} tables with their`} rows`
  if (tables.length === 0) {
    return backupCheck(
      'tables',
      title,
      'passed',
      'none: the plan changes no table that exists',
      'none',
    )
  }
  if (found === null || !content.isReadable) {
    return backupCheck('tables', title, 'not-checked', expected, 'not known', {
      reason: 'the backup could not be read',
    })
  }
  const without = tables.filter(({ oid }) => !found.definitions.has(oid))
  const empty = tables.filter(
    ({ oid, hasRows }) => hasRows && found.definitions.has(oid) && !found.rows.has(oid),
  )
  if (without.length === 0 && empty.length === 0) {
    return backupCheck('tables', title, 'passed', expected, `all ${tables.length}`)
  }
  const actual = [
    ...(without.length === 0 ? [] : [`${without.length} missing`]),
    ...(empty.length === 0 ? [] : [`${empty.length} without rows`]),
  ].join(', ')
  return backupCheck('tables', title, 'failed', expected, actual, {
    reason: 'What the backup doesn’t hold can’t be brought back by it.',
    fix: 'Back up the whole database, with data: no --schema-only, and no list of schemas or tables that leaves these out.',
    details: [
      ...without.map(({ quoted }) => `${quoted}: missing`),
      ...empty.map(({ quoted }) => `${quoted}: definition only`),
    ].slice(0, 100),
  })
}

/** Who made the backup, and in which time. */
export interface Making {
  readonly kind: 'pg_dump' | 'command'
  readonly from: Date
  readonly until: Date
}

const originTitle = 'backup is of this database, made now'

/**
 * Where the backup comes from: the database that is written in it, and when. Two minutes are for clocks that differ. Null where nothing could
 * be read, and where a text is our own pg_dump's, whose arguments say which database it is of.
 */
export function judgeOrigin(
  { archive, plain }: Content,
  database: string,
  made: Making,
): CheckReport | null {
  if (plain !== null) return made.kind === 'pg_dump' ? null : judgeOriginOfText(plain, database)
  if (archive === null) return null
  const title = originTitle
  const expected = `database ${database}, ${made.from.toISOString()}`
  const createdAt = archive.createdAt
  const actual = `database ${archive.database ?? 'not named'}, ${createdAt?.utc.toISOString() ?? 'no time'}`
  const slack = 120_000
  const isWithin = (time: Date) =>
    time.getTime() >= made.from.getTime() - slack && time.getTime() <= made.until.getTime() + slack
  if (archive.database !== database.replace(/[\r\n]/g, ' ')) {
    return backupCheck('origin', title, 'failed', expected, actual, otherDatabase)
  }
  if (createdAt !== null && !isWithin(createdAt.local) && !isWithin(createdAt.utc)) {
    return backupCheck('origin', title, 'failed', expected, actual, {
      reason:
        'It was begun at another time than this run made its backup: an old one in a new place.',
      fix: 'Make a new one. If it is new, run the command in this machine’s time zone or in UTC.',
    })
  }
  return backupCheck('origin', title, 'passed', expected, actual)
}

function judgeOriginOfText({ databases }: PlainDump, database: string): CheckReport {
  const expected = `database ${database}`
  const actual =
    databases.size === 0 ? 'no database named' : `database ${[...databases].join(', ')}`
  if (databases.has(database)) {
    return backupCheck('origin', originTitle, 'passed', expected, actual)
  }
  if (databases.size === 0) {
    return backupCheck('origin', originTitle, 'not-checked', expected, actual, {
      reason: 'A plain dump doesn’t say which database it is of.',
      fix: 'Write format custom, or plain with --create.',
    })
  }
  return backupCheck('origin', originTitle, 'failed', expected, actual, otherDatabase)
}

const otherDatabase = {
  reason: 'It is the backup of another database.',
  fix: 'Dump the database that is deployed to: DATABASE_URL and libpq’s variables name it to the command.',
}

export interface SizeLimits {
  /** As airlock.yml says, in bytes. */
  readonly minSize: number | undefined
  /** pg_database_size(); null: not known, or not comparable because only some schemas were dumped. */
  readonly databaseBytes: number | null
  /** What an implausible size does where the content is proven otherwise. */
  readonly severity: 'failed' | 'warned'
}

/** What an empty database has. */
const CATALOG_BYTES = 16 * 2 ** 20
/** Indexes aren't dumped, text packs well: but nothing that holds all rows packs a database to a thousandth. Bloat alone can get below. */
const LEAST_SHARE = 1000

/** Not empty, at least `min-size`, else plausible beside the database: at least a thousandth of what exceeds an empty one. */
export function judgeSize(
  bytes: number,
  { minSize, databaseBytes, severity }: SizeLimits,
): CheckReport {
  const title = 'size of the backup'
  const plausible = Math.floor(Math.max(0, (databaseBytes ?? 0) - CATALOG_BYTES) / LEAST_SHARE)
  const least = Math.max(1, minSize ?? plausible)
  const why =
    minSize === undefined
      ? `a thousandth of the database’s ${sizeText(databaseBytes ?? 0)}`
      : 'min-size'
  const expected = least === 1 ? 'not empty' : `at least ${sizeText(least)} (${why})`
  if (bytes >= least) return backupCheck('size', title, 'passed', expected, sizeText(bytes))
  const outcome = bytes === 0 || minSize !== undefined ? 'failed' : severity
  return backupCheck('size', title, outcome, expected, sizeText(bytes), {
    reason: bytes === 0 ? 'It is empty.' : 'It is too small to hold the rows of this database.',
    fix:
      bytes === 0
        ? 'Find out why nothing was written, and deploy again.'
        : 'Look into it; where it is whole (a bloated database, tables left out on purpose), set min-size.',
  })
}

/** A command may succeed and leave the file of an earlier run where it was. */
export function judgeWritten(found: StoredBackup, begun: Date): CheckReport {
  const title = 'backup was written by this run'
  const expected = `written after ${begun.toISOString()}`
  const actual = `written at ${found.modifiedAt.toISOString()}`
  // Some file systems keep whole seconds.
  if (found.modifiedAt.getTime() >= begun.getTime() - 2_000) {
    return backupCheck('age', title, 'passed', expected, actual)
  }
  return backupCheck('age', title, 'failed', expected, actual, {
    reason: 'The command wrote nothing: the file is from an earlier time.',
    fix: 'See why the command left it as it was; a name with {date} makes an old file impossible to mistake.',
  })
}
