import { type CompileOptions, compileMigration } from '../../src/plan/compile.ts'
import { describeObject } from '../../src/plan/object-words.ts'
import type { Expectation, PlannedMigration } from '../../src/plan/types.ts'
import { Refusal } from '../../src/report/refusal.ts'
import type { Effect } from '../../src/sql/types.ts'

/** Compiles one forward script, with a rollback script where one is given. */
export function planOf(
  sql: string,
  options: CompileOptions & { readonly rollback?: string; readonly version?: string } = {},
): PlannedMigration {
  const { rollback, version = '1', ...rest } = options
  return compileMigration(
    {
      version,
      order: version.split('.').map(BigInt),
      name: 'try',
      forward: { path: `migrations/${version}_try.sql`, text: sql },
      ...(rollback === undefined
        ? {}
        : {
            rollback: { path: `migrations/rollbacks/${version}_try_rollback.sql`, text: rollback },
          }),
      checksum: 'abc',
    },
    rest,
  )
}

/** Steps as lines: 'transaction short 1,2: title', the numbers being the statements' lines. */
export function stepLines({ steps }: Pick<PlannedMigration, 'steps'>): string[] {
  return steps.map(({ kind, budget, statements, title, rollsBack }) => {
    const lines = statements.map(({ statement }) => statement.where.line).join(',')
    return `${kind} ${budget}${rollsBack === true ? ' rolls back' : ''} ${lines}: ${title}`
  })
}

/** Notes as 'id line'. */
export function noteLines({ notes }: Pick<PlannedMigration, 'notes'>): string[] {
  return notes.map(({ id, severity, where }) => `${severity} ${id} ${where.line}`)
}

/** Expectations as words: 'constraint c on t: present valid'. */
export function expectationLines(expectations: readonly Expectation[]): string[] {
  return expectations.map((one) => `${describeObject(one.object)}: ${wordsOf(one)}`)
}

function wordsOf({
  state,
  column,
  constraint,
  enabled,
  validated,
  mayPreexist,
  partition,
}: Expectation): string {
  const words: string[] = [state]
  if (column?.type !== undefined) words.push(column.type)
  if (column?.notNull !== undefined) words.push(column.notNull ? 'not null' : 'null')
  if (column?.default !== undefined) words.push(`default ${column.default}`)
  if (constraint !== undefined)
    words.push(constraint.type, constraint.valid ? 'valid' : 'not valid')
  else if (validated === true) words.push('validated')
  if (enabled !== undefined) words.push(`enabled ${enabled}`)
  if (partition !== undefined) {
    words.push(`${partition.attached ? 'attached to' : 'detached from'} ${partition.parent.name}`)
  }
  if (mayPreexist) words.push('maybe from before')
  return words.join(' ')
}

/** The effects of a script, in order. */
export function effectsIn(sql: string): readonly Effect[] {
  return planOf(sql).script.statements.flatMap(({ effects }) => effects)
}

/** A refusal as 'file:line:column what'. */
export function refusalOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { where, what } = error.parts
    return `${where?.line}:${where?.column} ${what}`
  }
  return 'no refusal'
}
