import { Refusal } from '../report/refusal.ts'
import type { PlanNote } from '../report/types.ts'
import {
  parseFileDirectives,
  parseStatementDirectives,
  placeDirectives,
  type ScriptKind,
} from '../runbook/directives.ts'
import type { FileDirectives, MigrationFiles, SourceFile } from '../runbook/types.ts'
import { parseScript } from '../sql/script.ts'
import type { Comment, Script, Statement } from '../sql/types.ts'
import { applyAllowances } from './allowances.ts'
import { irreversibleNotes } from './irreversible.ts'
import { type CompiledSteps, type CompileOptions, compileSteps } from './steps.ts'
import type { PlannedMigration, PlannedStatement } from './types.ts'
import { unknownEffects } from './unknown-effects.ts'
import { compileVerifyScript } from './verify-script.ts'

export type { CompileOptions } from './steps.ts'

interface CompiledScript extends CompiledSteps {
  readonly script: Script
  readonly directives: FileDirectives
  readonly statements: readonly PlannedStatement[]
}

/**
 * A migration's three scripts, parsed and cut into steps before anything runs.
 * @param options what is known of the server; without it, what holds for Postgres 14 to 18.
 * @throws Refusal (exit 2) at file, line and column for what can't be planned.
 */
export function compileMigration(
  files: MigrationFiles,
  options: CompileOptions = {},
): PlannedMigration {
  const forward = compileScript(files.forward, 'migration', options)
  const rollback =
    files.rollback === undefined ? null : compileScript(files.rollback, 'rollback', options)
  if (rollback !== null && forward.directives.rollback !== undefined) {
    throw refuseRollback(files, rollback.script)
  }
  const file = files.forward.path
  const irreversible = irreversibleNotes(forward.steps, forward.directives, file)
  return {
    version: files.version,
    name: files.name,
    file,
    checksum: files.checksum,
    files,
    directives: forward.directives,
    script: forward.script,
    steps: forward.steps,
    expectations: forward.expectations,
    verify: files.verify === undefined ? null : compileVerify(files.verify),
    rollback: rollback === null ? null : rollbackOf(rollback),
    notes: [...notesOf(forward), ...(rollback === null ? [] : notesOf(rollback))],
    irreversible: applyAllowances(irreversible, forward.directives, forward.statements),
  }
}

/** A script as it stands: parsed, its directives given to the file or to their statements, cut into steps. */
function compileScript(
  { path, text }: SourceFile,
  kind: ScriptKind,
  options: CompileOptions,
): CompiledScript {
  const script = parseScript(path, text)
  const placed = placedDirectives(script)
  const directiveOptions = { source: script.source, script: kind }
  const directives = parseFileDirectives(placed.file, directiveOptions)
  const statements = script.statements.map((statement, index) => ({
    statement,
    directives: parseStatementDirectives(placed.statements[index] ?? [], directiveOptions),
  }))
  return {
    script,
    directives,
    statements,
    ...compileSteps(script, statements, directives, options),
  }
}

function compileVerify({ path, text }: SourceFile): PlannedMigration['verify'] {
  const script = parseScript(path, text)
  const placed = placedDirectives(script)
  const directiveOptions = { source: script.source, script: 'verify' } as const
  parseFileDirectives(placed.file, directiveOptions)
  for (const comments of placed.statements) parseStatementDirectives(comments, directiveOptions)
  return { file: path, queries: compileVerifyScript(script) }
}

function rollbackOf({ script, steps, directives }: CompiledScript): PlannedMigration['rollback'] {
  return { file: script.file, script, steps, directives }
}

function notesOf({ notes, steps, directives, statements }: CompiledScript): readonly PlanNote[] {
  return applyAllowances([...notes, ...unknownEffects(steps)], directives, statements)
}

function placedDirectives(script: Script) {
  const comments = script.comments.map((comment) => placedComment(script.file, comment))
  return placeDirectives(comments, script.statements.map(linesOf), script.source)
}

function placedComment(file: string, { text, kind, line, column }: Comment) {
  return { text, kind, where: { file, line, column }, endLine: line + lineBreaks(text) }
}

function linesOf({ text, where, copyData }: Statement) {
  const rows = copyData === null ? 0 : lineBreaks(copyData) + 1
  const endLine = where.line + lineBreaks(text) + rows
  return { line: where.line, column: where.column, endLine }
}

function lineBreaks(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0
}

function refuseRollback(files: MigrationFiles, rollback: Script): Refusal {
  return new Refusal({
    what: `${files.forward.path} says rollback=none, but has a rollback script`,
    where: { file: rollback.file, line: 1, column: 1 },
    why: 'only one of them can be meant when it fails',
    fix: 'remove rollback=none from the migration, or delete the rollback script',
  })
}
