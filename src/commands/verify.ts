import type { OpenRun } from '../deploy/connections/open.ts'
import { openForReading, type Reading } from '../deploy/connections/open.ts'
import type { PlannedMigration } from '../plan/types.ts'
import { Refusal } from '../report/refusal.ts'
import type { Verification } from '../report/types.ts'
import { verifyExpectations } from '../verify/expectations.ts'
import { standingExpectations } from '../verify/standing.ts'
import { runVerifyScript } from '../verify/verify-script.ts'
import type { CommandContext } from './context.ts'
import { needDatabase } from './need-database.ts'
import { planAll } from './plan-all.ts'
import { entryOf } from './report.ts'

/**
 * Is everything that the journal says was applied still true? The net effect of all applied migrations together (a later one may have
 * dropped what an earlier one made), then each verify script. Changes nothing.
 */
export async function verify(context: CommandContext): Promise<void> {
  const planned = planAll(context)
  const connection = needDatabase(context)
  const open = await openForReading({ ...context, connection })
  const { report } = context
  try {
    const applied = appliedOf(context, open, planned)
    await verifyEffects(context, open, applied)
    for (const migration of applied) {
      if (migration.verify === null) continue
      const entry = entryOf(report, migration.version)
      const later = applied.slice(applied.indexOf(migration) + 1)
      const { queries } = migration.verify
      const found = await runVerifyScript(open.observer, queries, context.settings)
      entry.verification.push(
        ...found.map((one, index) => outdated(one, queries[index]?.statement.text ?? '', later)),
      )
    }
  } finally {
    await open.close()
  }
  const failed = report.migrations.flatMap(({ verification }) => verification).filter(isFailed)
  report.outcome = failed.length === 0 ? 'verified' : 'failed'
  const first = failed[0]
  if (first !== undefined) report.error = errorOf(first, failed.length)
}

/** Undefined table, column, function or object. */
const missing = /^ERROR (42P01|42703|42883|42704)$/

/** A query that reads what a later applied migration has dropped can't be asked any more: that is no failure, and no proof. */
function outdated(
  found: Verification,
  text: string,
  later: readonly PlannedMigration[],
): Verification {
  if (!isFailed(found) || !missing.test(found.actual)) return found
  for (const { version, script } of later) {
    const dropped = script.statements
      .flatMap(({ effects }) => effects)
      .find(({ op, object }) => op === 'drop' && object.name !== null && text.includes(object.name))
    if (dropped === undefined) continue
    const { kind, name } = dropped.object
    const reason = `${version} has dropped ${kind} ${name}, which this query reads`
    return { ...found, outcome: 'not-checked', reason }
  }
  return found
}

const isFailed = ({ outcome }: Verification) => outcome === 'failed'

function errorOf(first: Verification, count: number) {
  const others = count === 1 ? '' : ` (and ${count - 1} more)`
  return {
    message: `${first.kind} ${first.object}: expected ${first.expected}, found ${first.actual}${others}`,
    why: 'What the journal says was applied is no longer all true.',
    fix: 'Find out who changed it; bring it back by a new migration.',
    ...(first.where === undefined ? {} : { where: first.where }),
  }
}

/** The migrations that the journal has as applied, in file order; each entry gets its outcome. */
function appliedOf(
  { report }: CommandContext,
  open: Pick<OpenRun, 'journal'>,
  planned: readonly PlannedMigration[],
): PlannedMigration[] {
  const states = new Map(open.journal.migrations.map(({ version, state }) => [version, state]))
  for (const { version } of open.journal.migrations) {
    if (planned.some((migration) => migration.version === version)) continue
    throw new Refusal({
      what: `Migration ${version} is in the journal, but not in the folder.`,
      why: 'Without its file nothing says what should be true.',
      fix: 'Verify from the commit that was deployed.',
      exitCode: 1,
    })
  }
  return planned.filter(({ version, directives }) => {
    const state = states.get(version)
    const applied = state === 'applied' || state === 'verified'
    entryOf(report, version).outcome = applied
      ? 'already-applied'
      : directives.disabled
        ? 'disabled'
        : 'pending'
    return applied
  })
}

/** One gate for all migrations: the statements of all of them in order, judged as one script, told at the migration each belongs to. */
async function verifyEffects(
  { report }: CommandContext,
  open: Reading,
  applied: readonly PlannedMigration[],
): Promise<void> {
  const expectations = standingExpectations(applied)
  const verification = await verifyExpectations(open.observer, expectations, open.surroundings)
  const byFile = new Map(applied.map(({ file, version }) => [file, version]))
  for (const [index, found] of verification.entries()) {
    const version = byFile.get(expectations[index]?.where.file ?? '')
    if (version !== undefined) entryOf(report, version).verification.push(found)
  }
}
