import { readLines } from '../host/backup-files.ts'
import type { PlanTable } from './plan-tables.ts'

/** What the text of a plain dump shows. */
export interface PlainDump {
  /** It begins as pg_dump begins one. */
  readonly hasHeader: boolean
  /** The last thing in it is what pg_dump writes last. */
  readonly isComplete: boolean
  readonly entries: number
  /** It is gzip's. */
  readonly isPacked: boolean
  /** Names of the databases that it says it is of: pg_dump --create writes one, pg_dumpall several, pg_dump alone none. */
  readonly databases: ReadonlySet<string>
  readonly definitions: ReadonlySet<string>
  readonly rows: ReadonlySet<string>
}

/**
 * Reads a plain dump to its end; tables are found by schema and name in the comments that pg_dump puts above each object. A text has no OIDs:
 * that a table is this database's own, and not another's of the same name, only `databases` can show. What is in a part of another database
 * doesn't count.
 *
 * @param database the one that it should be of
 * @throws Error where it can't be read, or unpacked
 */
export async function readPlainDump(
  path: string,
  isGzip: boolean,
  tables: readonly PlanTable[],
  database: string,
  stop: AbortSignal,
): Promise<PlainDump> {
  const definition = new Map(
    tables.map((table) => [`-- Name: ${tagOf(table, 'TABLE')}`, table.oid]),
  )
  const data = new Map(
    tables.map((table) => [`-- Data for Name: ${tagOf(table, 'TABLE DATA')}`, table.oid]),
  )
  const found = { definitions: new Set<string>(), rows: new Set<string>() }
  const databases = new Set<string>()
  let isOther = false
  let [hasHeader, isComplete, isCopying, entries, lines] = [false, false, false, 0, 0]
  // Since 2025's minor releases a dump ends by lifting the restriction that it begins with, by the same key.
  let restriction = ''
  await readLines(path, isGzip, stop, (line) => {
    lines += 1
    if (isCopying) {
      isCopying = line !== '\\.'
      return
    }
    if (line === '') return
    if (lines < 20) hasHeader ||= /^-- PostgreSQL database (cluster )?dump$/.test(line)
    if (/^-- PostgreSQL database (cluster )?dump complete$/.test(line)) isComplete = true
    else if (line.startsWith('\\restrict ')) restriction = line.replace('\\r', '\\unr')
    else if (line === restriction) restriction = ''
    else if (!line.startsWith('--')) isComplete = false
    isCopying = /^COPY .* FROM stdin;$/.test(line)
    const connected = databaseIn(line)
    if (connected !== null) {
      databases.add(connected)
      isOther = connected !== database
    }
    const [, entry] = /^(-- (?:Data for )?Name: .*; Owner: )/.exec(line) ?? []
    if (entry === undefined) return
    entries += 1
    if (isOther) return
    const key = entry.slice(0, -' Owner: '.length)
    const [asDefinition, asRows] = [definition.get(key), data.get(key)]
    if (asDefinition !== undefined) found.definitions.add(asDefinition)
    if (asRows !== undefined) found.rows.add(asRows)
  })
  return {
    hasHeader,
    isComplete: isComplete && restriction === '',
    entries,
    isPacked: isGzip,
    databases,
    ...found,
  }
}

/** The name in a \connect as pg_dump writes it: an identifier, or for unusual names a connection string quoted like one. Null: no \connect. */
function databaseIn(line: string): string | null {
  const [, reused, quoted, bare] =
    /^\\connect (-reuse-previous=on )?(?:"((?:[^"]|"")*)"|(\S+))$/.exec(line) ?? []
  const written = quoted?.replaceAll('""', '"') ?? bare
  if (written === undefined || reused === undefined) return written ?? null
  const value = written.replace(/^dbname=/, '')
  return value.startsWith("'") ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value
}

/** As pg_dump writes it: without quotes, line ends as blanks. */
function tagOf({ schema, name }: PlanTable, type: string): string {
  const [tag, namespace] = [name, schema].map((text) => text.replace(/[\r\n]/g, ' '))
  return `${tag}; Type: ${type}; Schema: ${namespace};`
}
