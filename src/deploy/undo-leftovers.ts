import { readRebuildLeftovers } from '../observe/oids.ts'
import type { Fingerprint } from '../observe/types.ts'
import type { Step } from '../plan/types.ts'
import type { Run } from './run.ts'
import { relationsOf } from './statement-step.ts'

/**
 * Drops the INVALID indexes that a REINDEX CONCURRENTLY of this run left when it was cut off. Those of the picture from before it are others', and
 * stay; without such a picture nothing can tell them apart, and all stay.
 */
export async function dropOwnLeftovers(
  run: Run,
  step: Step,
  before: Fingerprint | null,
): Promise<void> {
  const rebuilds = step.statements.some(({ statement }) =>
    statement.effects.some(({ op }) => op === 'reindex'),
  )
  if (!rebuilds || before === null) return
  const { worker } = run.connections
  for (const { name } of await readRebuildLeftovers(worker, relationsOf(step))) {
    if (before.objects.has(`index ${name}`)) continue
    await worker.simple(`drop index concurrently if exists ${name}`)
  }
}
