import { readProofQuery } from '../backup/proof-query.ts'
import { compileSmoke } from '../checks/smoke/compile.ts'
import { openForReading } from '../deploy/connections/open.ts'
import { judgeSecurity } from './backup-gate.ts'
import type { CommandContext } from './context.ts'
import { decideTasks } from './decide.ts'
import { judgePreflight } from './gates.ts'
import { planAll, planForServer } from './plan-all.ts'
import { planPostflight } from './postflight.ts'

/**
 * What a deployment would do, changing nothing: every script is parsed; with a target, its journal says what is pending, and the preflight
 * checks whether it could start now.
 * Errors: Refusal where a deployment would be refused.
 */
export async function plan(context: CommandContext): Promise<void> {
  const planned = planAll(context)
  compileSmoke(context.gates.smoke)
  readProofQuery(context.gates.backup)
  planPostflight(context)
  const { connection, report } = context
  if (connection === null) {
    for (const [index, { directives }] of planned.entries()) {
      const entry = report.migrations[index]
      if (entry !== undefined) entry.outcome = directives.disabled ? 'disabled' : 'pending'
    }
    report.warnings.push(
      'No database was named: what is applied already is not known, so every migration is listed as pending.',
    )
  } else {
    const open = await openForReading({ ...context, connection })
    try {
      const tasks = decideTasks(context, open, await planForServer(context, open, planned))
      await judgePreflight(context, open, tasks)
      if (tasks.length > 0) await judgeSecurity(context, open, tasks)
    } finally {
      await open.close()
    }
  }
  const pending = report.migrations.filter(({ outcome }) => outcome === 'pending')
  context.emit({ type: 'planned', pending, steps: true })
  report.outcome = 'planned'
}
