/** What `pg_restore --list` says of an archive. */
export interface ArchiveList {
  /** Name of the database that was dumped. */
  readonly database: string | null
  /**
   * When it was begun. An archive has the dumping machine's clock without its time zone: read as ours, and as UTC, in which containers live.
   */
  readonly createdAt: { readonly local: Date; readonly utc: Date } | null
  readonly entries: number
  /** OIDs of the tables whose definitions, and whose rows, it holds. */
  readonly definitions: ReadonlySet<string>
  readonly rows: ReadonlySet<string>
}

/** `pg_class`'s own OID, which stands before a table's. */
const pgClass = '1259'

/**
 * Reads a listing. Tables are told by OID: names in it are not quoted, so that a blank in one would be taken for the next column; and an OID
 * shows that the table is this database's own and not another's of the same name.
 */
export function parseArchiveList(text: string): ArchiveList {
  const definitions = new Set<string>()
  const rows = new Set<string>()
  let entries = 0
  for (const [, catalog = '', oid = '', description = ''] of text.matchAll(
    /^\d+; (\d+) (\d+) (.*)$/gm,
  )) {
    entries += 1
    if (catalog === pgClass && description.startsWith('TABLE ')) definitions.add(oid)
    if (catalog === '0' && description.startsWith('TABLE DATA ')) rows.add(oid)
  }
  return {
    database: /^;\s+dbname: (.*)$/m.exec(text)?.[1] ?? null,
    createdAt: createdAt(text),
    entries,
    definitions,
    rows,
  }
}

function createdAt(text: string): ArchiveList['createdAt'] {
  const found = /^; Archive created at (\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)/m.exec(text)
  if (found === null) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1)
    .map(Number)
  return {
    local: new Date(year, month - 1, day, hour, minute, second),
    utc: new Date(Date.UTC(year, month - 1, day, hour, minute, second)),
  }
}
