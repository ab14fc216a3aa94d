import { Refusal } from '../report/refusal.ts'
import type { Backup } from '../runbook/gates/backup.ts'
import { queryShape } from '../sql/query-shape.ts'
import { parseScript } from '../sql/script.ts'

/**
 * Reads backup.proof.query before anything connects. The parser must be loaded.
 *
 * @throws Refusal for what is not one query that only reads
 */
export function readProofQuery(backup: Backup | undefined): void {
  const query = backup?.proof?.query
  if (query === undefined) return
  const [statement, ...others] = statementsOf(query)
  if (statement === undefined || others.length > 0) {
    throw new Refusal({
      what: `backup.proof.query holds ${others.length === 0 ? 'no statement' : `${others.length + 1} statements`}.`,
      why: 'The proof of a backup is one query that returns its time and its size.',
      fix: 'Write one query; WITH puts several into one.',
    })
  }
  const shape = queryShape(statement.node)
  if (typeof shape !== 'string') return
  throw new Refusal({
    what: `backup.proof.query can't be this ${statement.kind}: ${shape}.`,
    why: 'It is asked by plan, too, so it may only read: SELECT, VALUES, TABLE, SHOW or WITH … SELECT.',
    fix: 'Write a query that returns the time (timestamptz) and the size in bytes of the newest backup.',
  })
}

function statementsOf(query: string) {
  try {
    return parseScript('backup.proof.query', query).statements
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    // The place counts lines of the query, not of airlock.yml.
    const { where: _, what, ...parts } = error.parts
    throw new Refusal({ ...parts, what: `backup.proof.query: ${what}` })
  }
}
