import { readIndexes } from '../observe/oids.ts'
import { effectsOf } from '../sql/effects.ts'
import { quoteName } from '../sql/identifier.ts'
import { parseSql } from '../sql/parser.ts'
import { whileCancellable } from './cancelling.ts'
import type { Run } from './run.ts'

/**
 * Of a statement outside a transaction that an undo sent before: a killed or failed one may have dropped the index already, or made it, or left it INVALID:
 * then it is dropped, and made again. False for what concerns no index.
 */
export async function isDoneAlready(run: Run, sql: string): Promise<boolean> {
  const { worker } = run.connections
  const node = parseSql(sql)[0]?.node
  const effects = node === undefined ? [] : effectsOf(node, { searchPath: null })
  const effect = effects.find(({ object }) => object.kind === 'index' && object.name !== null)
  if (effect === undefined) return false
  const { schema, table, name } = effect.object
  const index = quoteName({ schema: schema ?? table?.schema ?? null, name: name ?? '' })
  const [found] = await whileCancellable(run, () => readIndexes(worker, [index]))
  if (effect.op === 'drop') return found === undefined
  if (effect.op !== 'create' || found === undefined || found.valid) return found !== undefined
  await whileCancellable(run, () => worker.simple(`drop index concurrently if exists ${index}`))
  return false
}
