import { expect, test } from '@jest/globals'
import { durationText } from '../../src/report/duration-text.ts'

test.each([
  [0, '0 ms'],
  [-5, '0 ms'],
  [0.4, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [1234, '1.2 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min'],
  [60_000, '1 min'],
  [185_000, '3 min 5 s'],
  [3_599_600, '1 h'],
  [7_440_000, '2 h 4 min'],
  [86_399_000, '1 d'],
  [97_200_000, '1 d 3 h'],
])('%d ms reads %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})
