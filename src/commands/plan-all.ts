import type { OpenRun } from '../deploy/connections/open.ts'
import { readProcedureCommits } from '../observe/procedures.ts'
import { compileMigration } from '../plan/compile.ts'
import type { PlannedMigration } from '../plan/types.ts'
import { Refusal } from '../report/refusal.ts'
import { discoverMigrations } from '../runbook/layout.ts'
import type { Statement } from '../sql/types.ts'
import type { CommandContext } from './context.ts'
import { newMigrationReport } from './report.ts'

/**
 * Every migration of the folder as a plan: forward, rollback and verify scripts are all parsed before anything connects. The report gets
 * an entry for each.
 * Errors: Refusal at the first script that can't be planned.
 */
export function planAll(context: CommandContext): PlannedMigration[] {
  const files = discoverMigrations(context.files, context.settings.migrations)
  if (files.length === 0) throw noMigrations(context.settings.migrations)
  const planned = files.map((migration) => compileMigration(migration))
  context.report.migrations = planned.map(newMigrationReport)
  return planned
}

/** A wrong folder would otherwise look like a deployment with nothing to do. */
function noMigrations(folder: string): Refusal {
  return new Refusal({
    what: `There is no migration in ${folder}`,
    why: 'The folder is there, but holds no file <version>_<name>.sql.',
    fix: 'Name the folder of the migrations (migrations); it is relative to the working directory.',
  })
}

/**
 * The same plans for the server that is there now: what a file alone doesn't say (does a called procedure commit, may a new enum's value be
 * used at once) is looked up, and the migrations that it matters to are compiled again.
 * Errors: Refusal where such a script can't be planned.
 */
export async function planForServer(
  context: CommandContext,
  { observer, surroundings }: Pick<OpenRun, 'observer' | 'surroundings'>,
  planned: readonly PlannedMigration[],
): Promise<PlannedMigration[]> {
  const calls = planned.some((migration) => statementsOf(migration).some(callsProcedure))
  const options = {
    serverMajor: surroundings.serverMajor,
    ...(calls
      ? { procedureCommits: await readProcedureCommits(observer, surroundings.searchPath) }
      : {}),
  }
  return planned.map((migration, index) => {
    const depends = statementsOf(migration).some(
      (statement) => callsProcedure(statement) || addsEnumValue(statement),
    )
    if (!depends) return migration
    const again = compileMigration(migration.files, options)
    context.report.migrations[index] = newMigrationReport(again)
    return again
  })
}

function statementsOf({ script, rollback }: PlannedMigration): readonly Statement[] {
  return [...script.statements, ...(rollback?.script.statements ?? [])]
}

function callsProcedure({ transaction }: Statement): boolean {
  return transaction.type === 'may-commit' && !transaction.certain
}

function addsEnumValue({ effects }: Statement): boolean {
  return effects.some(({ op, object }) => op === 'create' && object.kind === 'enum value')
}
