import { type Log, openLog } from '../host/log.ts'
import { PASSWORD_IN_FLAG } from '../host/signals.ts'
import { Refusal } from '../report/refusal.ts'
import { type Arguments, parseArguments, readableFlags } from '../runbook/arguments.ts'
import { helpText } from '../runbook/reference.ts'
import { passwordsIn } from '../runbook/secrets.ts'
import type { Given } from '../runbook/settings.ts'
import { type Door, runProgram } from './program.ts'
import { toolVersion } from './version.ts'

/** Runs the program as the command line asks; returns the exit code. Help goes to standard output, as everything does. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const log = openLog()
  const asked = readArguments(argv)
  if (asked instanceof Refusal) {
    return runProgram({ ...doorOf(readableFlags(argv), log), refused: asked })
  }
  const { command, given, help, version } = asked
  if (version) {
    log.line(toolVersion)
    return 0
  }
  if (help || command === undefined) {
    log.line(helpText(command))
    return help ? 0 : 2
  }
  return runProgram(doorOf(given, log))
}

function readArguments(argv: readonly string[]): Arguments | Refusal {
  try {
    return parseArguments(argv)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

function doorOf(given: Given, log: Log): Door {
  const exposed = [given['database-url'], given['staging-url']].some(
    (url) => passwordsIn(url ?? '').length > 0,
  )
  const warnings = exposed ? [PASSWORD_IN_FLAG] : []
  return { given, env: process.env, log, isAction: false, warnings }
}
