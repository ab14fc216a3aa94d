import { expect, test } from '@jest/globals'
import { sizeText } from '../../src/report/size-text.ts'

test.each([
  [0, '0 B'],
  [512, '512 B'],
  [1_023, '1023 B'],
  [1_024, '1.0 kB'],
  [12_288, '12 kB'],
  [1_317_011_456, '1.2 GB'],
  [2 ** 40 - 1, '1.0 TB'],
  [2 ** 60, '1024 PB'],
])('%d bytes are %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text)
})
