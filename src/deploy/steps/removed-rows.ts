import { notChecked } from '../../observe/row-effects.ts'
import type { Step } from '../../plan/types.ts'
import { ServerError } from '../../postgres/server-error.ts'
import type { RowEffect } from '../../report/types.ts'
import { quoteName } from '../../sql/identifier.ts'
import type { Run } from '../run.ts'
import { askCancellable } from '../stop/cancelling.ts'

/** A count that would take longer than this is left out, and said. */
const countBudgetMs = 10_000

/**
 * Rows that TRUNCATE, DROP TABLE or DETACH will take out of sight: no counter tells afterwards (TRUNCATE is not counted, a dropped
 * table's counters vanish), so they are counted before, in a transaction of its own that keeps no lock.
 */
export async function countRemoved(run: Run, step: Step): Promise<RowEffect[]> {
  const effects: RowEffect[] = []
  for (const { table, by } of step.removesRowsOf) {
    const name = quoteName(table)
    effects.push({
      table: name,
      inserted: 0,
      updated: 0,
      deleted: 0,
      ...(await count(run, name, by)),
    })
  }
  return effects
}

/** REFRESH fills a materialized view anew: the counters speak of rows that were written, not of those that went. */
export function withRefreshed(step: Step, counted: readonly RowEffect[]): readonly RowEffect[] {
  const views = step.statements
    .flatMap(({ statement }) => statement.effects)
    .flatMap(({ op, object: { schema, name } }) =>
      op === 'refresh' && name !== null ? [{ schema, name }] : [],
    )
  if (views.length === 0 || step.rollsBack === true) return counted
  const isView = ({ table }: RowEffect) =>
    views.some((view) =>
      view.schema === null ? table.endsWith(`.${quoteName(view)}`) : table === quoteName(view),
    )
  const names = new Set(views.map(quoteName))
  return [
    ...counted.filter((effect) => !isView(effect)),
    ...[...names].map((name) => notChecked(name, 'a materialized view was refreshed')),
  ]
}

type Counted = Pick<RowEffect, 'certainty' | 'removed' | 'reason'>

async function count(
  run: Run,
  name: string,
  by: 'TRUNCATE' | 'DROP TABLE' | 'DETACH PARTITION',
): Promise<Counted> {
  const { worker } = run.connections
  try {
    const results = await askCancellable(run, () =>
      worker.simple(
        `begin read only; set local statement_timeout = ${countBudgetMs}; select count(*) from ${name}; rollback`,
      ),
    )
    return { certainty: 'exact', removed: { by, rows: Number(results[2]?.rows[0]?.[0]) } }
  } catch (error) {
    if (!(error instanceof ServerError) || error.lost) throw error
    await worker.simple('rollback')
    // Created earlier in the same file, or absent behind IF EXISTS: nothing to lose.
    if (error.code === '42P01') return { certainty: 'exact', removed: { by, rows: 0 } }
    return {
      certainty: 'not-checked',
      reason: `rows could not be counted before: ${error.message}`,
    }
  }
}
