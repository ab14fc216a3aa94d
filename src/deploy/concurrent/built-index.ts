import type { StepBefore } from '../../journal/state.ts'
import { readIndexBeside, type StandingIndex } from '../../observe/index-builds.ts'
import type { Expectation, Step } from '../../plan/types.ts'
import type { IndexDefinition, ObjectRef } from '../../sql/types.ts'
import { factsOf } from '../../verify/catalog/facts-query.ts'
import { compareIndex } from '../../verify/catalog/index-comparison.ts'
import { type IndexFact, readIndexes } from '../../verify/catalog/index-facts.ts'
import type { Run } from '../run.ts'
import { concurrentWorkOf, nameOf, tableOf } from './concurrent-work.ts'

/**
 * Has the index that a CREATE INDEX CONCURRENTLY was to make come into being although nobody heard so? There was none of its name before; now there is
 * one on its table, valid and of its structure. An expression that can't be compared (the server prints it in its own words) doesn't speak against it.
 */
export async function wasBuilt(run: Run, step: Step, before: StepBefore | null): Promise<boolean> {
  const [planned] = step.statements
  const work = planned === undefined ? null : concurrentWorkOf(planned.statement)
  if (planned === undefined || work?.op !== 'create' || work.object.name === null) return false
  if (before?.oids[nameOf(work)] !== null) return false
  const found = await readIndexBeside(run.connections.worker, tableOf(work), work.object.name)
  if (found === null || !found.valid || found.table.name !== work.object.table?.name) return false
  const fact = await readIndexFact(run, work.object, work.index, found, planned.statement.where)
  return fact !== undefined && compareIndex(work.index, fact) !== 'different'
}

/** The structure of an index that was found by the name of one to be created; undefined where it is gone again. */
export async function readIndexFact(
  run: Run,
  object: ObjectRef,
  index: IndexDefinition,
  { table }: Pick<StandingIndex, 'table'>,
  where: Expectation['where'],
): Promise<IndexFact | undefined> {
  const expectation: Expectation = {
    object: { ...object, schema: table.schema, table },
    state: 'present',
    index,
    mayPreexist: false,
    where,
  }
  const query = readIndexes([expectation], run.surroundings)
  const [result] = await run.connections.worker.pipeline([query])
  return factsOf(query, result).find(
    ({ schema, name }) => schema === table.schema && name === object.name,
  )
}
