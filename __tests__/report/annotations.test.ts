import { expect, test } from '@jest/globals'
import { annotationsOf } from '../../src/report/annotations.ts'
import * as gates from './gate-samples.ts'
import * as sample from './samples.ts'
import { at, migration, report } from './samples.ts'

test('a failure points at its line, with SQLSTATE, hint and verdict', () => {
  const [first, ...others] = annotationsOf(sample.failedInTransaction)
  expect(first?.severity).toBe('error')
  expect(first?.where).toEqual(at('migrations/20250115140000_add_check_constraints.sql', 12, 3))
  expect(first?.message).toMatch(/^check constraint .* is violated by some row\nSQLSTATE 23514\n/)
  expect(first?.message).toContain('left nothing behind')
  expect(others).toEqual([])
})

test('each expectation that is not met points at its line, expected beside actual', () => {
  expect(annotationsOf(sample.verificationFailed)).toEqual([
    {
      severity: 'error',
      title: 'not as expected',
      message:
        'index idx_notification_unread on "Notification"\nexpected: btree ("userId"), VALID\nactual: INVALID\na build that failed half way leaves such an index',
      where: at('migrations/20250115150000_add_performance_indexes.sql', 44),
    },
  ])
})

test('a run as asked without warnings has none', () => {
  expect(annotationsOf(sample.deployed)).toEqual([])
})

test('server WARNINGs and warnings of the plan point at their lines, notices do not', () => {
  const found = annotationsOf(
    report({
      migrations: [
        migration('1', 'a', {
          notices: [
            { severity: 'WARNING', code: '01000', message: 'careful', where: at('a.sql', 3) },
            { severity: 'NOTICE', code: '00000', message: 'skipping', where: at('a.sql', 4) },
          ],
          warnings: [
            {
              id: 'empty-file',
              severity: 'warning',
              message: 'nothing in it',
              where: at('b.sql', 1),
            },
            { id: 'cut', severity: 'info', message: 'cut here', where: at('b.sql', 2) },
          ],
        }),
      ],
    }),
  )
  expect(found.map((one) => [one.severity, one.title, one.where?.line])).toEqual([
    ['warning', 'empty-file', 1],
    ['warning', 'WARNING 01000', 3],
  ])
})

test('at most ten of a severity and 4,096 characters each, the rest counted', () => {
  const notices = Array.from({ length: 25 }, (_, index) => ({
    severity: 'WARNING',
    code: '01000',
    message: `${index} ${'x'.repeat(9_000)}`,
  }))
  const found = annotationsOf(report({ migrations: [migration('1', 'a', { notices })] }))
  expect(found).toHaveLength(10)
  expect(found.at(-1)?.message).toBe('16 more warnings: see the job summary')
  for (const one of found) expect(one.message.length).toBeLessThanOrEqual(4_096)
})

test('a refusal at the gates points at the statement of each shut gate, once, with examples', () => {
  const [verdict, first, second, ...others] = annotationsOf(gates.refusedAtGates)
  expect(verdict?.message).toMatch(/^Refused: 2 of 32 preflight checks failed/)
  expect(verdict?.where).toBeUndefined()
  expect([first?.title, first?.severity, first?.where?.line]).toEqual([
    'data.foreign-key',
    'error',
    34,
  ])
  expect(first?.message).toContain('actual: 3 rows of 1,000,000')
  expect(first?.message).toContain('(id)=(1042) "ownerId"=99')
  expect(second?.where?.line).toBe(6)
  expect(others).toEqual([])
})

test('in a plan the same gates are warnings', () => {
  const found = annotationsOf(gates.plannedBeforeShutGates)
  expect(found.map(({ severity, title }) => [severity, title])).toEqual([
    ['warning', 'data.foreign-key'],
    ['warning', 'risk.idle-in-transaction'],
  ])
})
