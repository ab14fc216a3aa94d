import type { Reach, Wanted } from '../../observe/snapshots.ts'
import { isConcurrent } from '../../sql/concurrent.ts'
import { quoteName } from '../../sql/identifier.ts'
import type { Effect, IndexDefinition, Statement } from '../../sql/types.ts'

/** What a statement with CONCURRENTLY does, in the four ways in which it may be cut off half way, and the end of a detach that was ('finalize'). */
export type ConcurrentWork = Pick<Effect, 'object' | 'partition'> &
  (
    | { readonly op: 'create'; readonly index: IndexDefinition }
    | { readonly op: 'drop' | 'reindex' | 'detach' | 'finalize' }
  )

/** Null where the statement is not concurrent, or one that is whole or nothing. */
export function concurrentWorkOf({ node, effects }: Statement): ConcurrentWork | null {
  if (!isConcurrent(node)) return null
  for (const { op, object, partition, index } of effects) {
    const work = { object, ...(partition === undefined ? {} : { partition }) }
    if (op === 'create' && index !== undefined) return { ...work, op, index }
    if (op === 'drop' || op === 'reindex' || op === 'detach') return { ...work, op }
  }
  return null
}

/** Name of the table or index that the work is on, quoted. */
export function nameOf({ object }: Pick<ConcurrentWork, 'object'>): string {
  return quoteName({
    schema: object.schema ?? object.table?.schema ?? null,
    name: object.name ?? '',
  })
}

/** The table of an index that is made. */
export function tableOf({ object }: Pick<ConcurrentWork, 'object'>): string {
  return quoteName(object.table ?? { schema: object.schema, name: '' })
}

/** The relations whose locks and leftovers the work has to do with. */
export function reachOf(work: ConcurrentWork): Reach {
  const { op, object, partition } = work
  const none: Reach = { relations: [], schemas: [], database: false }
  if (op === 'create') return { ...none, relations: [tableOf(work)] }
  if (object.kind === 'schema') return { ...none, schemas: [object.name ?? ''] }
  if (object.kind === 'database') return { ...none, database: true }
  const partitions = partition === undefined ? [] : [quoteName(partition)]
  return { ...none, relations: [nameOf(work), ...partitions] }
}

/**
 * What it waits for, as the server's source has it (14 to 18). A build waits for writers, then for older snapshots; with an expression or a predicate for
 * those of other builds too, since these may run functions that read anything. Dropping, swapping and detaching wait for whoever has the table open.
 * FINALIZE waits for older snapshots, and holds ACCESS EXCLUSIVE on the partition while it does.
 */
export function waitsOf(work: ConcurrentWork): Omit<Wanted, 'tables'> {
  if (work.op === 'reindex' || work.op === 'finalize') return { lockers: 'all', snapshots: 'all' }
  if (work.op !== 'create') return { lockers: 'all', snapshots: 'none' }
  const { keys, predicate } = work.index
  const safe = predicate === null && keys.every(({ column }) => column !== null)
  return { lockers: 'writers', snapshots: safe ? 'but safe builds' : 'all' }
}
