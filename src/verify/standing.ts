import { netExpectations } from '../plan/expectations.ts'
import type { PlannedMigration } from '../plan/types.ts'
import type { Session } from '../postgres/types.ts'
import type { Verification } from '../report/types.ts'
import { verifyExpectations } from './expectations.ts'
import type { Scope } from './scope.ts'

/**
 * Constraints and indexes as all these migrations together left them, looked up in one round trip: a later one may have dropped what an
 * earlier one made. Results stand in the order of the files.
 */
export async function verifyStanding(
  session: Session,
  applied: readonly PlannedMigration[],
  scope: Scope,
): Promise<Verification[]> {
  const statements = applied
    .flatMap(({ steps }) => steps)
    .filter(({ rollsBack }) => rollsBack !== true)
    .flatMap((step) => step.statements.map(({ statement }) => statement))
  const expectations = netExpectations(statements).filter(
    ({ object }) => object.kind === 'constraint' || object.kind === 'index',
  )
  return expectations.length === 0 ? [] : verifyExpectations(session, expectations, scope)
}
