import { readIndexBeside, readIndexByName } from '../../observe/index-builds.ts'
import { effectsOf } from '../../sql/effects.ts'
import { parseSql } from '../../sql/parser.ts'
import type { Run } from '../run.ts'
import { stopIfAsked } from '../stop/cancellation.ts'
import { nameOf, tableOf } from './concurrent-work.ts'
import { dropInvalidIndex, indexBusy, indexStays } from './invalid-index.ts'

/**
 * Of a statement outside a transaction that an undo sent before: a killed or failed one may have dropped the index already, or made it, or left it INVALID:
 * then it is dropped, and made again. False for all else, a REINDEX too: whether it was rebuilt can't be seen.
 * Errors: StepFailure 55P03 while another session works on the INVALID index; Cancelled.
 */
export async function isDoneAlready(run: Run, sql: string): Promise<boolean> {
  const { worker } = run.connections
  const node = parseSql(sql)[0]?.node
  const effects = node === undefined ? [] : effectsOf(node, { searchPath: null })
  const effect = effects.find(({ object }) => object.kind === 'index' && object.name !== null)
  if (effect === undefined || (effect.op !== 'create' && effect.op !== 'drop')) return false
  const found =
    effect.op === 'create'
      ? await readIndexBeside(worker, tableOf(effect), effect.object.name ?? '')
      : await readIndexByName(worker, nameOf(effect))
  if (found === null) return effect.op === 'drop'
  if (found.valid) return effect.op === 'create'
  const stays =
    effect.op === 'drop'
      ? await indexBusy(run, found)
      : await dropInvalidIndex(run, found, run.settings.concurrentTimeout)
  if (stays === null) return false
  stopIfAsked(run.cancellation)
  throw indexStays('An attempt to undo left', [stays])
}
