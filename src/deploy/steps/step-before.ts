import type { StepBefore } from '../../journal/state.ts'
import { readOids } from '../../observe/oids.ts'
import type { Step } from '../../plan/types.ts'
import { quoteName } from '../../sql/identifier.ts'
import { verifyExpectations } from '../../verify/expectations.ts'
import type { Run } from '../run.ts'

/** What was there before the migration touched anything; a rerun keeps the first attempt's picture. */
export async function stateBefore(
  run: Run,
  step: Step,
  leftovers: readonly number[],
): Promise<StepBefore> {
  const { worker } = run.connections
  const verification = await verifyExpectations(worker, step.expectations, run.surroundings)
  const names = relationsOf(step)
  return {
    held: verification.map(({ outcome }) => outcome === 'passed'),
    oids: await readOids(worker, names),
    ...(leftovers.length === 0 ? {} : { leftovers }),
  }
}

/** Names, as the statement writes them, of the relations that it speaks of. */
function relationsOf(step: Step): string[] {
  const names = new Set<string>()
  for (const { statement } of step.statements) {
    for (const { object } of statement.effects) {
      if (object.name !== null && ['index', 'table', 'materialized view'].includes(object.kind)) {
        names.add(
          quoteName({ schema: object.schema ?? object.table?.schema ?? null, name: object.name }),
        )
      }
    }
  }
  return [...names]
}
