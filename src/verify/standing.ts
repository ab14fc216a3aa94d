import { netExpectations } from '../plan/expectations.ts'
import type { Expectation, PlannedMigration } from '../plan/types.ts'
import type { Session } from '../postgres/types.ts'
import type { Verification } from '../report/types.ts'
import { verifyExpectations } from './expectations.ts'
import type { Scope } from './scope.ts'

/** What all these migrations together left, in the order of the files: a later one may have dropped what an earlier one made. */
export function standingExpectations(applied: readonly PlannedMigration[]): readonly Expectation[] {
  const statements = applied
    .flatMap(({ steps }) => steps)
    .filter(({ rollsBack }) => rollsBack !== true)
    .flatMap((step) => step.statements.map(({ statement }) => statement))
  return netExpectations(statements)
}

/** The constraints and indexes among them, looked up in one round trip. Results stand in the order of the files. */
export async function verifyStanding(
  session: Session,
  applied: readonly PlannedMigration[],
  scope: Scope,
): Promise<Verification[]> {
  const expectations = standingExpectations(applied).filter(
    ({ object }) => object.kind === 'constraint' || object.kind === 'index',
  )
  return expectations.length === 0 ? [] : verifyExpectations(session, expectations, scope)
}
