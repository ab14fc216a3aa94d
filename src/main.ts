import { runProgram } from './commands/program.ts'
import { readInputs } from './host/inputs.ts'
import { openLog } from './host/log.ts'
import { leaveSoon } from './host/signals.ts'
import { SETTING_NAMES } from './runbook/settings-table.ts'

/** The action's door: inputs in, exit code out. */
process.exitCode = await runProgram({
  given: await readInputs(SETTING_NAMES),
  env: process.env,
  log: openLog(),
  isAction: true,
  warnings: [],
})
leaveSoon()
