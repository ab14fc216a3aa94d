import { beforeAll, describe, expect, test } from '@jest/globals'
import {
  decidePending,
  type JournalMigration,
  type PendingOptions,
} from '../../src/plan/pending.ts'
import type { PlannedMigration } from '../../src/plan/types.ts'
import { checksum } from '../../src/runbook/checksum.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { planOf } from './planning.ts'

beforeAll(loadParser)

const now = new Date('2025-01-20T00:00:00Z')

function migration(version: string, sql = 'SELECT 1;'): PlannedMigration {
  return planOf(sql, { version })
}

function journaled(
  version: string,
  state: JournalMigration['state'],
  more: Partial<JournalMigration> = {},
): JournalMigration {
  return {
    version,
    name: 'try',
    file: `migrations/${version}_try.sql`,
    checksum: 'abc',
    state,
    halfDone: false,
    appliedAt: new Date('2025-01-15T00:00:00Z'),
    runId: 'r',
    steps: [],
    stepCount: 1,
    ...more,
  }
}

function decide(
  migrations: readonly PlannedMigration[],
  journal: readonly JournalMigration[],
  options: Partial<PendingOptions> = {},
) {
  const { decisions, refusals } = decidePending(migrations, journal, {
    now,
    outOfOrder: 'refuse',
    ...options,
  })
  return {
    actions: decisions.map(({ action, migration: { version } }) => `${version} ${action}`),
    refusals: refusals.map(({ exitCode, parts }) => `${exitCode} ${parts.what}`),
    decisions,
  }
}

describe('the pending set', () => {
  test('goes on with a half-done file that was told since then that it may be tried again, and with no other change', () => {
    const sql = '-- airlock: lock_timeout=1s\n\nSELECT 1;\n'
    const begun = journaled('1', 'running', { checksum: checksum(sql) })
    const decided = (text: string) =>
      decide([{ ...migration('1', text), checksum: checksum(text) }], [begun]).refusals.length
    expect(decided(sql)).toBe(0)
    expect(decided(sql.replace('=1s', '=1s retry=safe'))).toBe(0)
    expect(decided(`-- airlock: retry=safe\n${sql}`)).toBe(0)
    expect(decided(sql.replace('=1s', '=1s retry=safe').replace('1;', '2;'))).toBe(1)
    expect(decided(sql.replace('=1s', '=2s'))).toBe(1)
  })

  test('is all of a folder that nothing was applied of, in version order', () => {
    const { actions, refusals } = decide([migration('10'), migration('9')], [])
    expect(actions).toEqual(['9 apply', '10 apply'])
    expect(refusals).toEqual([])
  })

  test('leaves out what is applied, and verifies first what was not verified', () => {
    const folder = [migration('1'), migration('2'), migration('3')]
    const journal = [journaled('1', 'verified'), journaled('2', 'applied')]
    expect(decide(folder, journal).actions).toEqual([
      '1 already-applied',
      '2 verify-first',
      '3 apply',
    ])
  })

  test('goes on with a half-done migration at its first undone step', () => {
    const sql = 'SELECT 1; CREATE INDEX CONCURRENTLY i ON t (a); SELECT 2;'
    const steps = [
      { ordinal: 1, state: 'done', kind: 'transaction', statementCount: 1 },
      { ordinal: 2, state: 'started', kind: 'statement', statementCount: 1 },
    ]
    const half = journaled('1', 'running', { steps, stepCount: 3 })
    const { decisions, refusals } = decide([migration('1', sql)], [half])
    expect(decisions[0]).toMatchObject({ action: 'resume', fromStep: 2 })
    expect(refusals).toEqual([])
  })

  test('refuses a half-done migration that is cut into other steps now', () => {
    const steps = [{ ordinal: 1, state: 'done', kind: 'transaction', statementCount: 1 }]
    const sql = 'SELECT 1; CREATE INDEX CONCURRENTLY i ON t (a);'
    const refusalsFor = (more: Partial<JournalMigration>) =>
      decide([migration('1', sql)], [journaled('1', 'running', { steps, stepCount: 2, ...more })])
        .refusals
    expect(refusalsFor({})).toEqual([])
    const otherwise = [expect.stringContaining('in other steps than when it was begun')]
    expect(refusalsFor({ stepCount: 1 })).toEqual(otherwise)
    const [first] = steps
    expect(refusalsFor({ steps: [{ ...first, kind: 'statement' }] as typeof steps })).toEqual(
      otherwise,
    )
    expect(refusalsFor({ steps: [{ ...first, statementCount: 2 }] as typeof steps })).toEqual(
      otherwise,
    )
  })

  test('begins anew what was rolled back or failed without leaving anything', () => {
    const folder = [migration('1'), migration('2'), migration('3')]
    const journal = [
      journaled('1', 'rolled-back'),
      journaled('2', 'failed'),
      journaled('3', 'failed', { halfDone: true }),
    ]
    expect(decide(folder, journal).actions).toEqual(['1 apply', '2 apply', '3 resume'])
  })

  test('ends at the version asked for', () => {
    const folder = [migration('1'), migration('2')]
    expect(decide(folder, [], { to: '1' }).actions).toEqual(['1 apply', '2 beyond'])
    expect(decide(folder, [], { to: '5' }).refusals).toEqual(['2 there is no migration 5'])
  })
})

describe('disabled and waiting migrations', () => {
  test('are listed with when they become ready', () => {
    const folder = [
      migration('1'),
      migration('2', '-- airlock: after=1 soak=7d\n\nSELECT 1;'),
      migration('3', '-- airlock: disabled\n\nSELECT 1;'),
    ]
    const { actions, decisions } = decide(folder, [journaled('1', 'verified')])
    expect(actions).toEqual(['1 already-applied', '2 waiting', '3 disabled'])
    expect(decisions[1]).toMatchObject({ readyAt: new Date('2025-01-22T00:00:00Z') })
  })

  test('wait without an end as long as the other is not applied', () => {
    const folder = [migration('1'), migration('2', '-- airlock: after=1 soak=7d\n\nSELECT 1;')]
    expect(decide(folder, []).decisions[1]).toMatchObject({ action: 'waiting', readyAt: null })
  })

  test('are ready when the time is over, whatever was applied since', () => {
    const folder = [
      migration('1'),
      migration('2', '-- airlock: after=1 soak=5d\n\nSELECT 1;'),
      migration('3'),
    ]
    const { actions, refusals } = decide(folder, [
      journaled('1', 'verified'),
      journaled('3', 'verified'),
    ])
    expect(actions).toEqual(['1 already-applied', '2 apply', '3 already-applied'])
    expect(refusals).toEqual([])
  })

  test('that wait for a version nobody knows are refused', () => {
    const folder = [migration('2', '-- airlock: after=1 soak=5d\n\nSELECT 1;')]
    expect(decide(folder, []).refusals).toEqual([
      "2 migrations/2_try.sql waits for version 1, which doesn't exist",
    ])
  })
})

describe('a gate is shut', () => {
  test('by a file that changed since it was applied, with both checksums', () => {
    const journal = [journaled('1', 'verified', { checksum: 'old' })]
    const { refusals } = decidePending([migration('1')], journal, { now, outOfOrder: 'refuse' })
    expect(refusals.map(({ parts }) => parts.what)).toEqual([
      'migrations/1_try.sql has changed since version 1 was applied',
    ])
    expect(refusals[0]?.parts.why).toBe('the journal has the checksum old, the file now has abc')
    expect(refusals[0]?.exitCode).toBe(1)
  })

  test('by an applied migration that is missing', () => {
    expect(decide([], [journaled('1', 'applied')]).refusals).toEqual([
      "1 migrations/1_try.sql was applied, but isn't in the migrations folder",
    ])
  })

  test('by a pending migration older than the newest applied, unless allowed', () => {
    const folder = [migration('1.2'), migration('1.10')].map((one, index) => ({
      ...one,
      files: { ...one.files, order: index === 0 ? [1n, 2n] : [1n, 10n] },
    }))
    const journal = [journaled('1.10', 'verified')]
    expect(decide(folder, journal).refusals).toEqual([
      '1 migrations/1.2_try.sql is pending, but older than the newest applied migration 1.10',
    ])
    expect(decide(folder, journal, { outOfOrder: 'allow' }).refusals).toEqual([])
  })

  test('but not by a disabled one', () => {
    const folder = [migration('1', '-- airlock: disabled\n\nSELECT 1;'), migration('2')]
    expect(decide(folder, [journaled('2', 'verified')]).refusals).toEqual([])
  })
})
