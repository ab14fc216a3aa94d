import { describe, expect, test } from '@jest/globals'
import {
  criterionError,
  judgeCriteria,
  successCriteria,
} from '../../src/checks/postflight/criteria.ts'
import type { Evidence } from '../../src/checks/postflight/evidence.ts'
import type { Interval } from '../../src/observe/interval/interval.ts'
import type {
  CriterionReport,
  RowCountReport,
  SmokeResult,
  Verification,
} from '../../src/report/types.ts'
import { parseGates } from '../../src/runbook/gates/sections.ts'

const { criteria } = parseGates()

const constraint: Verification = {
  kind: 'constraint',
  object: 'a_key',
  table: 'a',
  expected: 'UNIQUE (x), VALID',
  actual: 'UNIQUE (x), VALID',
  outcome: 'passed',
}
const index: Verification = { ...constraint, kind: 'index', object: 'a_idx' }
const rows: RowCountReport = {
  table: 'public.a',
  before: 5,
  after: 8,
  byUs: 3,
  byOthers: 0,
  exact: true,
}
const smoke: SmokeResult = {
  name: 'home',
  kind: 'http',
  when: 'end',
  outcome: 'passed',
  expected: 'status 200',
  actual: 'status 200',
  attempts: 1,
  latencyMs: 5,
  connectionErrors: 0,
}
const waits = { samples: 20, waiting: 0, peak: 0, durationMs: 10_000, stopped: false }
const interval: Interval = {
  before: waits,
  after: waits,
  statements: [
    { query: 'SELECT 1', callsBefore: 50, meanBefore: 10, callsAfter: 50, meanAfter: 11 },
  ],
  deadlocks: 0,
}
const logs = { source: 'app.log', lines: 10, matches: 0, examples: [] }

const good: Evidence = {
  verification: [constraint, index],
  failedBefore: [],
  rows: [rows],
  smoke: [smoke],
  logs,
  acceptedLines: 0,
  interval,
  slower: 1.5,
}

/** What each criterion says of evidence that is worse than good in this one thing. */
type Case = readonly [
  title: string,
  id: CriterionReport['id'],
  worse: Partial<Evidence>,
  outcome: 'passed' | 'problem' | 'warned' | 'not-checked',
]

const cases: readonly Case[] = [
  [
    'a missing constraint',
    'constraints',
    { verification: [{ ...constraint, outcome: 'failed', actual: 'missing' }] },
    'problem',
  ],
  [
    'a dropped constraint that is there again',
    'constraints',
    { verification: [{ ...constraint, expected: 'absent', actual: 'present', outcome: 'failed' }] },
    'problem',
  ],
  [
    'a constraint whose expression was not compared',
    'constraints',
    {
      verification: [constraint, { ...constraint, outcome: 'not-checked', reason: 'other words' }],
    },
    'not-checked',
  ],
  [
    'applied migrations whose files are gone',
    'constraints',
    { unverified: '1: applied, but not in the folder' },
    'not-checked',
  ],
  ['no constraint at all', 'constraints', { verification: [index] }, 'not-checked'],
  [
    'an invalid index',
    'indexes',
    { verification: [{ ...index, outcome: 'failed', actual: 'INVALID' }] },
    'problem',
  ],
  ['no index at all', 'indexes', { verification: [constraint] }, 'not-checked'],
  [
    'rows that came from others',
    'row-counts',
    { rows: [{ ...rows, after: 9, byOthers: 1 }] },
    'passed',
  ],
  [
    'rows that went',
    'row-counts',
    { rows: [rows, { ...rows, after: 7, byOthers: -1 }] },
    'problem',
  ],
  [
    'an estimate',
    'row-counts',
    { rows: [rows, { ...rows, byOthers: null, exact: false }] },
    'not-checked',
  ],
  [
    'rows that went beside an estimate',
    'row-counts',
    {
      rows: [
        { ...rows, byOthers: -1 },
        { ...rows, byOthers: null, exact: false },
      ],
    },
    'problem',
  ],
  ['no table to count', 'row-counts', { rows: [] }, 'not-checked'],
  [
    'an error in the log',
    'application-errors',
    { logs: { ...logs, matches: 1, examples: ['ERROR'] } },
    'problem',
  ],
  [
    'as many errors as are accepted',
    'application-errors',
    { logs: { ...logs, matches: 2 }, acceptedLines: 2 },
    'passed',
  ],
  [
    'a log that was not read whole',
    'application-errors',
    { logs: { ...logs, gap: 'rotated' } },
    'not-checked',
  ],
  [
    'errors in a log that was not read whole',
    'application-errors',
    { logs: { ...logs, matches: 1, gap: 'rotated' } },
    'problem',
  ],
  ['no log', 'application-errors', { logs: null }, 'not-checked'],
  [
    'a slower statement',
    'performance',
    {
      interval: {
        ...interval,
        statements: [{ query: 'q', callsBefore: 9, meanBefore: 10, callsAfter: 9, meanAfter: 16 }],
      },
    },
    'problem',
  ],
  [
    'a statement slower by less than the clock tells',
    'performance',
    {
      interval: {
        ...interval,
        statements: [
          { query: 'q', callsBefore: 9, meanBefore: 0.01, callsAfter: 9, meanAfter: 0.05 },
        ],
      },
    },
    'passed',
  ],
  [
    'statements of others hidden',
    'performance',
    { interval: { ...interval, note: 'GRANT pg_read_all_stats' } },
    'not-checked',
  ],
  [
    'no statement that ran often enough',
    'performance',
    { interval: { ...interval, statements: [] } },
    'not-checked',
  ],
  ['no interval', 'performance', { interval: null }, 'not-checked'],
  [
    'an interval cut short',
    'performance',
    { interval: { ...interval, after: { ...waits, stopped: true } } },
    'not-checked',
  ],
  [
    'more sessions waiting',
    'lock-waits',
    { interval: { ...interval, after: { ...waits, waiting: 20, peak: 3 } } },
    'problem',
  ],
  [
    'one session waiting once',
    'lock-waits',
    { interval: { ...interval, after: { ...waits, waiting: 1, peak: 1 } } },
    'passed',
  ],
  [
    'as many waiting as ever',
    'lock-waits',
    {
      interval: {
        ...interval,
        before: { ...waits, waiting: 20, peak: 2 },
        after: { ...waits, waiting: 24, peak: 2 },
      },
    },
    'passed',
  ],
  ['a deadlock', 'lock-waits', { interval: { ...interval, deadlocks: 1 } }, 'problem'],
  [
    'counters that were reset',
    'lock-waits',
    { interval: { ...interval, deadlocks: null } },
    'not-checked',
  ],
  ['no interval', 'lock-waits', { interval: null }, 'not-checked'],
  [
    'no sample',
    'lock-waits',
    { interval: { ...interval, after: { ...waits, samples: 0 } } },
    'not-checked',
  ],
  [
    'a smoke test that fails',
    'smoke-tests',
    {
      smoke: [
        { ...smoke, when: 'before' },
        { ...smoke, outcome: 'failed' },
      ],
    },
    'problem',
  ],
  [
    'a smoke test that failed before too',
    'smoke-tests',
    {
      smoke: [
        { ...smoke, when: 'before', outcome: 'failed' },
        { ...smoke, outcome: 'failed' },
      ],
    },
    'warned',
  ],
  [
    'a smoke test that worked in the end',
    'smoke-tests',
    { smoke: [{ ...smoke, when: 'after-migration', outcome: 'failed' }, smoke] },
    'passed',
  ],
  [
    'a smoke test that could not be made',
    'smoke-tests',
    { smoke: [{ ...smoke, outcome: 'not-checked', reason: 'no curl' }] },
    'not-checked',
  ],
  [
    'smoke tests from before alone',
    'smoke-tests',
    { smoke: [{ ...smoke, when: 'before' }] },
    'not-checked',
  ],
]

function judged(evidence: Evidence, id: CriterionReport['id'], severity: 'fail' | 'warn' | 'off') {
  const found = judgeCriteria(evidence, { ...criteria, [id]: severity }).find(
    (one) => one.id === id,
  )
  if (found === undefined) throw new Error(id)
  return found
}

describe('the success criteria', () => {
  test('are the seven of the runbook, all ticked by good evidence', () => {
    expect(judgeCriteria(good, criteria).map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
      'constraints passed',
      'indexes passed',
      'row-counts passed',
      'application-errors passed',
      'performance passed',
      'lock-waits passed',
      'smoke-tests passed',
    ])
  })

  test('each has a problem and something not to be checked among the cases', () => {
    for (const { id } of successCriteria) {
      const outcomes = cases.filter(([, of]) => of === id).map(([, , , outcome]) => outcome)
      expect([id, outcomes.includes('problem'), outcomes.includes('not-checked')]).toEqual([
        id,
        true,
        true,
      ])
    }
  })

  test.each(cases)('%s', (_title, id, worse, outcome) => {
    const evidence = { ...good, ...worse }
    const asFail = judged(evidence, id, 'fail')
    const asWarn = judged(evidence, id, 'warn')
    const [fail, warn] = outcome === 'problem' ? ['failed', 'warned'] : [outcome, outcome]
    expect([asFail.outcome, asWarn.outcome]).toEqual([fail, warn])
    if (outcome !== 'passed') expect(asFail.reason ?? '').not.toBe('')
    expect(judged(evidence, id, 'off')).toMatchObject({
      outcome: 'not-checked',
      reason: expect.stringContaining('off'),
    })
  })

  test('the first that failed is the error of the run, with what was expected and found', () => {
    const failed = judgeCriteria(
      {
        ...good,
        verification: [],
        logs: { ...logs, matches: 3 },
        smoke: [{ ...smoke, outcome: 'failed' }],
      },
      criteria,
    )
    expect(criterionError(failed)?.message).toBe(
      'Success criterion "No application errors": expected at most 0 matching lines in the log since the run began, found 3 of 10 lines of app.log (and 1 more criteria failed)',
    )
    expect(criterionError(judgeCriteria(good, criteria))).toBeNull()
  })
})
