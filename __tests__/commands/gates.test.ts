import { expect, test } from '@jest/globals'
import { replaced } from '../../src/commands/gates.ts'
import { nextSteps } from '../../src/commands/next-steps.ts'
import { newReport } from '../../src/commands/report.ts'
import type { CheckReport } from '../../src/report/types.ts'

const check = (id: string, actual: string): CheckReport => ({
  id,
  group: 'risk',
  title: id,
  outcome: 'passed',
  expected: '',
  actual,
})

test('what was checked again takes the place of what was found before, however many entries it has', () => {
  const before = [check('a', '1'), check('risk.x', '1'), check('b', '1'), check('risk.x', '2')]
  const told = (now: readonly CheckReport[], ids: readonly string[]) =>
    replaced(before, now, ids).map(({ id, actual }) => `${id} ${actual}`)
  expect(told([check('risk.x', 'new'), check('risk.x', 'newer')], ['risk.x'])).toEqual([
    'a 1',
    'risk.x new',
    'risk.x newer',
    'b 1',
  ])
  expect(told([], ['risk.x'])).toEqual(['a 1', 'b 1'])
  expect(told([check('risk.y', 'new')], ['risk.y']).at(-1)).toBe('risk.y new')
})

test('a run that did not end well says where to go back to, one that did does not', () => {
  const report = {
    ...newReport('deploy', new Date(0)),
    outcome: 'needs-attention' as const,
    restorePoint: {
      name: "it's",
      lsn: '0/15D6B8',
      walFile: '0000001A0000000000000001',
      archive: 'not yet archived',
      outcome: 'passed' as const,
    },
    backup: {
      kind: 'pg_dump' as const,
      outcome: 'passed' as const,
      path: 'x.dump',
      sha256: 'abc',
      durationMs: 1,
      checks: [],
    },
  }
  const steps = nextSteps(report).join('\n')
  expect(steps).toContain(
    "recovery_target_name = 'it''s' (or recovery_target_lsn = '0/15D6B8' with recovery_target_inclusive = off), recovery_target_timeline = '26', up to WAL file 0000001A0000000000000001 (not yet archived)",
  )
  expect(steps).toContain('x.dump, SHA-256 abc')
  expect(nextSteps({ ...report, outcome: 'deployed' }).join('\n')).not.toContain('recovery_target')
  expect(nextSteps({ ...report, restorePoint: null, backup: null })).toHaveLength(1)
})
