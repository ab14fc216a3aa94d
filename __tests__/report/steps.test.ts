import { expect, test } from '@jest/globals'
import { renderSummary } from '../../src/report/markdown.ts'
import { at, migration, report, step } from './samples.ts'

test('a step that ended before it was done says how far it had come, and its text is made harmless', () => {
  const page = renderSummary(
    report({
      migrations: [
        migration('1', 'a', {
          outcome: 'failed',
          steps: [
            step(1, 'CREATE INDEX CONCURRENTLY i', {
              where: at('migrations/1_a.sql', 1),
              outcome: 'failed',
              progress: 'building index: scanning table, 43 % of <b>i|j',
            }),
          ],
        }),
      ],
    }),
  )
  const line = page.split('\n').find((text) => text.includes('scanning table')) ?? ''
  expect(line).toContain('failed, at building index: scanning table, 43 % of')
  expect(line).not.toMatch(/<b>|[^\\]i\|j/)
})
