import { quoteIdentifier, quoteName } from '../../sql/identifier.ts'
import type { QualifiedName } from '../../sql/types.ts'
import type { Run } from '../run.ts'

/** A table, or one column of it, that an undo would drop. */
export interface Held {
  readonly table: QualifiedName
  readonly column?: string
}

/**
 * Would dropping it lose anything? A table that has a row does; a column does where a value is not its default (a column that was
 * just added holds its default in every row, which is nobody's data). A table that is not there holds nothing.
 */
export async function holdsData(run: Run, held: Held): Promise<boolean> {
  const { worker } = run.connections
  const name = quoteName(held.table)
  const exists = await worker.query('select pg_catalog.to_regclass($1) is not null', [name])
  if (exists.rows[0]?.[0] !== 't') return false
  const condition =
    held.column === undefined ? '' : await differsFromDefault(run, name, held.column)
  if (condition === null) return false
  const result = await worker.query(`select exists (select 1 from ${name} ${condition})`)
  return result.rows[0]?.[0] === 't'
}

async function differsFromDefault(run: Run, name: string, column: string): Promise<string | null> {
  const result = await run.connections.worker.query(
    `select pg_catalog.pg_get_expr(d.adbin, d.adrelid)
     from pg_catalog.pg_attribute a left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = pg_catalog.to_regclass($1) and a.attname = $2 and not a.attisdropped`,
    [name, column],
  )
  const row = result.rows[0]
  if (row === undefined) return null
  return `where ${quoteIdentifier(column)} is distinct from ${row[0] === null || row[0] === undefined ? 'null' : `(${row[0]})`}`
}
