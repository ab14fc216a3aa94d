import { refusalAt } from '../../plan/refusal-at.ts'
import { titleOf } from '../../plan/verify-script.ts'
import { Refusal } from '../../report/refusal.ts'
import type { Baseline } from '../../runbook/gates/baseline.ts'
import type { SourceFile } from '../../runbook/types.ts'
import { queryShape } from '../../sql/query-shape.ts'
import { parseScript } from '../../sql/script.ts'
import { parseTableName } from '../../sql/table-name.ts'
import type { Script, Statement } from '../../sql/types.ts'
import type { WantedTable } from './touched.ts'

/** A query of the user's, read and found to be one that only reads. */
export interface UserQuery {
  readonly title: string
  readonly statement: Statement
}

/** What airlock.yml's `baseline` asks for, understood. */
export interface BaselinePlan {
  readonly rows: readonly WantedTable[]
  readonly probes: readonly UserQuery[]
  readonly queries: readonly UserQuery[]
  readonly topStatements: number
  /** Milliseconds for exact counts, each time. */
  readonly budget: number
}

/**
 * Reads the names, probes and queries of the baseline; `file` is the text of `baseline.queries`. Pure, so that all is refused before anything
 * connects.
 *
 * @throws Refusal for a name that is none, and at the statement that is no single query
 */
export function planBaseline(baseline: Baseline, file: SourceFile | null): BaselinePlan {
  return {
    rows: baseline.rows.map(readName),
    probes: baseline.probes.map(readProbe),
    queries: file === null ? [] : readQueries(file),
    topStatements: baseline['top-statements'],
    budget: baseline.budget,
  }
}

function readName(text: string): WantedTable {
  const name = parseTableName(text)
  if (name !== null) return name
  throw new Refusal({
    what: `baseline.rows: ${text} is not the name of a table.`,
    why: 'The names are read as SQL reads them: lower case unless in double quotes, a schema parted by a point.',
    fix: 'Write one name an entry, such as recipe, shop.orders or \'"Recipe"\' (in YAML the double quotes need single ones around them).',
  })
}

function readProbe({ name, sql }: Baseline['probes'][number]): UserQuery {
  const script = parseScript(`baseline.probes (${name})`, sql)
  const [statement, ...others] = script.statements
  if (statement === undefined || others.length > 0) {
    throw refusalAt(script, others[0]?.where ?? { file: script.file, line: 1, column: 1 }, {
      what: `The probe ${name} holds ${others.length === 0 ? 'no statement' : `${others.length + 1} statements`}.`,
      why: 'A probe is one query that returns one value.',
      fix: 'Give each value a probe of its own.',
    })
  }
  refuseChange(script, statement)
  return { title: name, statement }
}

function readQueries({ path, text }: SourceFile): UserQuery[] {
  const script = parseScript(path, text)
  return script.statements.map((statement) => {
    refuseChange(script, statement)
    return { title: titleOf(statement, statement.leading), statement }
  })
}

function refuseChange(script: Script, statement: Statement): void {
  const shape = queryShape(statement.node)
  if (typeof shape !== 'string') return
  throw refusalAt(script, statement.where, {
    what: `The baseline can't hold this ${statement.kind}: ${shape}.`,
    why: 'What is measured before and after a deployment may only read: SELECT, VALUES, TABLE, SHOW or WITH … SELECT.',
    fix: 'Take it out; what is to change the database belongs into a migration.',
  })
}
