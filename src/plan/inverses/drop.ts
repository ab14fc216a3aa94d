import type { Effect, ObjectRef } from '../../sql/types.ts'
import { describeObject } from '../object-words.ts'
import { invertCreate } from './create.ts'
import { createStatement } from './create-statement.ts'
import { type Inverting, plain, stays } from './inverting.ts'
import type { ObjectBefore } from './object-before.ts'
import { commentStatement, dropStatement, enableStatement } from './statement.ts'

export function invertReplace(inverting: Inverting, effect: Effect): void {
  const { lives, inverses } = inverting
  const { object } = effect
  const known = lives.at(object)
  const before = known === undefined ? lives.lookBefore(object) : known.before
  if (known?.origin === 'here' && !known.ended) return
  if (before == null) {
    invertCreate(inverting, effect)
    return
  }
  lives.begin(object, 'before', before)
  const created = createStatement(object, before, false)
  const why = `${describeObject(object)} was replaced`
  if (created === null) {
    stays(inverting, object, `${why}, and its old text isn't known`)
    return
  }
  const first = /^CREATE OR REPLACE (FUNCTION|PROCEDURE)/i.test(created)
    ? null
    : dropStatement(object)
  const sql = [...(first === null ? [] : [first]), created, ...stateOf(object, before)]
  inverses.push({ life: null, statements: () => sql.map((one) => plain(one, why)) })
}

/** What a new CREATE doesn't bring back: the comment, a trigger's state. */
function stateOf(object: ObjectRef, { attributes }: ObjectBefore): readonly string[] {
  const { comment, enabled } = attributes
  return [
    comment === undefined || comment === '' ? null : commentStatement(object, comment),
    enabled === 'enabled' ? null : enableStatement(object, enabled),
  ].filter((sql) => sql !== null)
}

export function invertDrop(inverting: Inverting, effect: Effect): void {
  const { lives, inverses } = inverting
  const { object } = effect
  const known = lives.at(object)
  const before = known === undefined ? lives.lookBefore(object) : known.before
  const isNew = known?.origin === 'here' || lives.belongsToNew(object)
  lives.end(object, before)
  if (isNew || before === null) return
  const what = describeObject(object)
  if (before === undefined) {
    stays(inverting, object, `it isn't known what ${what} was`)
    return
  }
  const concurrently = effect.change === 'CONCURRENTLY'
  const sql = createStatement(object, before, concurrently)
  if (effect.cascade === true) {
    stays(inverting, object, `what CASCADE took along with ${what} isn't known`)
  }
  if (sql === null) {
    const data = object.kind === 'table' || object.kind === 'column'
    stays(inverting, object, data ? `the data of ${what} is lost` : `${what} was dropped`)
    return
  }
  const all = [sql, ...stateOf(object, before)]
  const statements = all.map((one, index) => ({
    ...plain(one, `${what} was dropped`),
    concurrently: concurrently && index === 0,
  }))
  inverses.push({ life: null, statements: () => statements })
}
