import { readLines } from '../host/backup-files.ts'
import type { PlanTable } from './plan-tables.ts'

/** What the text of a plain dump shows. */
export interface PlainDump {
  /** It begins as pg_dump begins one. */
  readonly hasHeader: boolean
  /** The last thing in it is what pg_dump writes last. */
  readonly isComplete: boolean
  readonly entries: number
  readonly definitions: ReadonlySet<string>
  readonly rows: ReadonlySet<string>
}

/**
 * Reads a plain dump to its end; tables are found by the comments that pg_dump puts above each object, and told by OID like those of an archive.
 *
 * @throws Error where it can't be read, or unpacked
 */
export async function readPlainDump(
  path: string,
  isGzip: boolean,
  tables: readonly PlanTable[],
): Promise<PlainDump> {
  const definition = new Map(
    tables.map((table) => [`-- Name: ${tagOf(table, 'TABLE')}`, table.oid]),
  )
  const data = new Map(
    tables.map((table) => [`-- Data for Name: ${tagOf(table, 'TABLE DATA')}`, table.oid]),
  )
  const found = { definitions: new Set<string>(), rows: new Set<string>() }
  let [hasHeader, isComplete, isCopying, entries, lines] = [false, false, false, 0, 0]
  // Since 2025's minor releases a dump ends by lifting the restriction that it begins with, by the same key.
  let restriction = ''
  await readLines(path, isGzip, (line) => {
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
    const [, entry] = /^(-- (?:Data for )?Name: .*; Owner: )/.exec(line) ?? []
    if (entry === undefined) return
    entries += 1
    const key = entry.slice(0, -' Owner: '.length)
    const [asDefinition, asRows] = [definition.get(key), data.get(key)]
    if (asDefinition !== undefined) found.definitions.add(asDefinition)
    if (asRows !== undefined) found.rows.add(asRows)
  })
  return { hasHeader, isComplete: isComplete && restriction === '', entries, ...found }
}

/** As pg_dump writes it: without quotes, line ends as blanks. */
function tagOf({ schema, name }: PlanTable, type: string): string {
  const [tag, namespace] = [name, schema].map((text) => text.replace(/[\r\n]/g, ' '))
  return `${tag}; Type: ${type}; Schema: ${namespace};`
}
