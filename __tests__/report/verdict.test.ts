import { describe, expect, test } from '@jest/globals'
import type { Report } from '../../src/report/types.ts'
import { verdictOf } from '../../src/report/verdict.ts'
import { visibleLine } from '../../src/report/visible.ts'
import * as gates from './gate-samples.ts'
import * as sample from './samples.ts'

const place = 'production (recipe on db.recipes.example)'

describe('the verdict of', () => {
  test.each<[string, Report, string]>([
    [
      'a deployment',
      sample.deployed,
      `Deployed: 6 migrations applied to ${place}, all 26 expectations met.`,
    ],
    [
      'a second run',
      sample.nothingToDo,
      `Nothing to do: no migration is pending for ${place}; 1 disabled.`,
    ],
    [
      'a failure in a transaction',
      sample.failedInTransaction,
      `Failed: 20250115140000 add_check_constraints was not applied to ${place} and left nothing behind. 2 earlier migrations stay applied and 3 did not run.`,
    ],
    [
      'a deployment that was rolled back',
      sample.rolledBack,
      'Rolled back: 20250115150000 add_performance_indexes failed and was undone; the catalog is as it was before, proven by its fingerprint. 1 migration did not run.',
    ],
    [
      'an undo that left a difference',
      sample.needsAttention,
      `Needs attention: 20250115160000 fix_recipe_category_fields_backfill failed and the catalog is not as it was on ${place}. A person has to look before the next run.`,
    ],
    [
      'a refusal',
      sample.refused,
      'Refused: CREATE INDEX CONCURRENTLY stands inside a BEGIN … COMMIT of its own file. Nothing was changed.',
    ],
    [
      'a plan',
      sample.planned,
      `Planned: 6 migrations in 18 steps would run on ${place}. Nothing was changed.`,
    ],
    [
      'a cancelled run',
      sample.cancelled,
      `Cancelled on request: 1 migration had been applied, 1 was undone and 1 did not run on ${place}.`,
    ],
    [
      'a verification',
      sample.verified,
      `Verified: what ${place} should hold is there, all 26 expectations met.`,
    ],
    [
      'a failed verification',
      sample.verificationFailed,
      `Verification failed: 1 of 9 expectations not met, 1 not checked on ${place}. Nothing was changed.`,
    ],
    [
      'the command rollback',
      sample.commandRollback,
      `Rolled back: 1 migration undone on ${place}; the catalog is as it was before, proven by its fingerprint.`,
    ],
    [
      'a deployment by the whole runbook',
      gates.wholeRunbook,
      `Deployed: 6 migrations applied to ${place}, all 26 expectations met; 6 of 7 success criteria met, 1 not checked.`,
    ],
    [
      'a refusal at the gates',
      gates.refusedAtGates,
      'Refused: 2 of 32 preflight checks failed (Orphans of "Company"."ownerId" and Idle in transaction in the way). Nothing was changed.',
    ],
    [
      'a plan that would be refused',
      gates.plannedBeforeShutGates,
      `Planned: 6 migrations in 18 steps would run on ${place}. A deployment now would be refused: 2 of 32 preflight checks failed (Orphans of "Company"."ownerId" and Idle in transaction in the way). Nothing was changed.`,
    ],
    [
      'success criteria that failed',
      gates.failedCriteria,
      'Rolled back: 2 success criteria not met (No application errors and All smoke tests pass); 6 migrations were undone; the catalog is as it was before, proven by its fingerprint.',
    ],
  ])('%s', (_, report, verdict) => {
    expect(verdictOf(report)).toBe(verdict)
  })

  test('what was not checked is never counted as met', () => {
    const [first, ...rest] = sample.deployed.migrations
    if (first === undefined) throw new Error('the sample has migrations')
    const verification = first.verification.map((one) => ({
      ...one,
      outcome: 'not-checked' as const,
    }))
    expect(
      verdictOf({ ...sample.deployed, migrations: [{ ...first, verification }, ...rest] }),
    ).toContain('23 of 26 expectations met and 3 not checked')
  })

  test('many shut gates are counted, their names kept short', () => {
    expect(verdictOf(gates.hostileGates)).toMatch(
      /^Refused: 12 of 16 preflight checks failed \([^,]*\)\. Nothing/,
    )
    const checks = gates.hostileGates.checks.map((check, index) => ({
      ...check,
      title: `${index} ${check.title}`,
    }))
    const verdict = verdictOf({ ...gates.hostileGates, checks })
    expect(verdict).toMatch(
      /^Refused: 12 of 16 preflight checks failed \(.* and 9 more\)\. Nothing/,
    )
    expect(verdict.length).toBeLessThan(500)
  })

  test('a migration that failed is blamed before the criteria', () => {
    const error = { message: 'it broke', version: '20250115150000' }
    const blamed = { ...gates.failedCriteria, error }
    expect(verdictOf(blamed)).toContain('20250115150000 add_performance_indexes failed')
  })

  test('no proof is claimed without a fingerprint', () => {
    const migrations = sample.rolledBack.migrations.map((one) => ({ ...one, rollback: null }))
    expect(verdictOf({ ...sample.rolledBack, fingerprint: null, migrations })).not.toContain(
      'proven',
    )
  })

  test('text from a database stays in one line with nothing hidden', () => {
    const verdict = verdictOf(sample.hostile)
    expect(verdict).toContain('⟨U+202E⟩')
    expect(verdict).toBe(visibleLine(verdict))
  })
})
