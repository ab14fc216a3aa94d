import { expect, test } from '@jest/globals'
import { isWithin } from '../../src/checks/preflight/server-version.ts'

test.each([
  ['18beta1', '18', true],
  ['18beta1', '>= 17.4', true],
  ['18beta1', '15 - 17', false],
  ['17.6', '18', false],
  ['16.14', '16.4', false],
  ['16.14', '15 - 16', true],
  ['16.14 (Debian 16.14-1)', '>= 16.14', true],
] as const)('%s is within %s: %p', (version, wanted, holds) => {
  expect(isWithin(version, wanted)).toBe(holds)
})
