import { expect, test } from '@jest/globals'
import { exitCodeOf } from '../../src/report/exit-code.ts'

test.each([
  ['deployed', 'deploy', 0],
  ['nothing-to-do', 'deploy', 0],
  ['planned', 'plan', 0],
  ['verified', 'verify', 0],
  ['rolled-back', 'rollback', 0],
  ['rolled-back', 'deploy', 1],
  ['failed', 'deploy', 1],
  ['failed', 'verify', 1],
  ['needs-attention', 'deploy', 3],
  ['needs-attention', 'rollback', 3],
  ['cancelled', 'deploy', 130],
] as const)('%s of the command %s exits with %d', (outcome, command, code) => {
  expect(exitCodeOf(outcome, command)).toBe(code)
})

test('a refusal exits with 2, by a gate with 1', () => {
  expect(exitCodeOf('refused', 'deploy')).toBe(2)
  expect(exitCodeOf('refused', 'deploy', 1)).toBe(1)
})
