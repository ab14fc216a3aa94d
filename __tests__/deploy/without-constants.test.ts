import { expect, test } from '@jest/globals'
import { withoutConstants } from '../../src/deploy/waits/without-constants.ts'

test.each([
  ['select name from item where id=5', 'select name from item where id=$1'],
  [
    `update "T1" set a = 'it''s', b = -1.5 where c2 = 7`,
    'update "T1" set a = $1, b = $2 where c2 = $3',
  ],
  [`select 'cut off at the e`, 'select $1'],
  ['select * from t2 where a = $1 and "x 3" = 4', 'select * from t2 where a = $1 and "x 3" = $1'],
  ['begin', 'begin'],
])('%s', (query, shown) => {
  expect(withoutConstants(query)).toBe(shown)
})
