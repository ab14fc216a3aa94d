import { describe, expect, test } from '@jest/globals'
import type { DatabaseCounters } from '../../src/observe/baseline/counters.ts'
import { withReplica } from '../../src/observe/baseline/replica.ts'
import type { BaselineReport } from '../../src/report/types.ts'
import { oldestAndNewest, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf } from '../support/engine.ts'

const empty: BaselineReport = {
  capturedAt: '2025-01-15T12:00:00.000Z',
  capturedAfterAt: null,
  rows: [],
  probes: [],
  queries: [],
  statements: [],
  counters: [],
  invalid: [],
  notes: [],
}
const locks = 'replica: queries cancelled for a lock'
const counters = (count: string): DatabaseCounters => ({
  values: new Map([[locks, count]]),
  reset: null,
})

describe('the counters of a replica', () => {
  test('before and after stand beside each other, with what was added meanwhile', () => {
    expect(withReplica(empty, counters('2'), counters('5')).counters).toEqual([
      { name: locks, before: '2', after: '5', note: '+3' },
    ])
  })

  test('a replica that is gone afterwards is told as not checked, and what it said before stays', () => {
    const { counters: rows, notes } = withReplica(empty, counters('2'), {
      unknown: 'connection refused',
    })
    expect(rows).toEqual([{ name: locks, before: '2', after: null }])
    expect(notes).toEqual(['Conflicts on the replica are not checked: connection refused.'])
  })

  test.each(oldestAndNewest())(
    'PostgreSQL $major tells them, and one that nobody reaches stops nothing',
    async ({ major }) => {
      await withDatabase({ major }, async (database) => {
        const deployed = async (version: string, url: string) => {
          const result = await deployFiles(database, {
            files: {
              '1_a': 'create table a (id int);',
              ...(version === '2' ? { '2_b': 'create table b (id int);' } : {}),
            },
            gates: { preflight: { 'replica-url': url } },
          })
          expect(endingOf(result)).toBe('deployed 0')
          return result.report.baseline
        }
        const reached = await deployed('1', database.url)
        expect(reached?.counters.filter(({ name }) => name === locks)).toEqual([
          { name: locks, before: '0', after: '0', note: '+0' },
        ])
        const url = new URL(database.url)
        url.port = '1'
        const unreached = await deployed('2', url.href)
        expect(unreached?.notes).toContainEqual(
          expect.stringMatching(/^Conflicts on the replica are not checked: .*ECONNREFUSED/),
        )
      })
    },
  )
})
