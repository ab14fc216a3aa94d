#!/usr/bin/env node
import './host/hidden-arguments.ts'
import { runCommandLine } from './commands/command-line.ts'
import { leaveSoon } from './host/signals.ts'

/** The command line's door: arguments in, exit code out. */
process.exitCode = await runCommandLine(process.argv.slice(2))
leaveSoon()
