import { beforeAll, expect, test } from '@jest/globals'
import { type ExistingObject, settledBy } from '../../src/plan/settled-objects.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { planOf } from './planning.ts'

beforeAll(loadParser)

const index: ExistingObject = { kind: 'index', schema: 's', name: 'I', table: 'T' }
const constraint: ExistingObject = { kind: 'constraint', schema: 's', name: 'c', table: 'T' }

test.each([
  ['drop index concurrently "I"', index, '1 drops it'],
  ['drop index other."I"', index, null],
  ['drop index i', index, null],
  ['reindex index s."I"', index, '1 rebuilds it'],
  ['reindex table "T"', index, '1 rebuilds it'],
  ['drop table s."T"', index, '1 drops it'],
  ['alter table "T" validate constraint c', constraint, '1 validates it'],
  ['alter table "U" validate constraint c', constraint, null],
  ['alter table s."T" drop constraint c', constraint, '1 drops it'],
  ['reindex table "T"', constraint, null],
  ['alter table "T" drop column c', constraint, null],
])('%s', (sql, object, expected) => {
  expect(settledBy([planOf(sql)], object)).toBe(expected)
})
