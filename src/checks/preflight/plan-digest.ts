import { differenceOfDigests, readDigest } from '../../plan/digest-difference.ts'
import { counted } from '../../report/words.ts'
import { defineCheck, type Finding } from '../check.ts'
import { bounded } from '../details.ts'

/** What would run beside what was approved: `deploy` given `plan-digest` carries out that plan, on that database, or none. */
export const planDigestCheck = defineCheck<string>({
  id: 'approval.plan-digest',
  group: 'approval',
  title: 'the plan that was approved',
  severity: 'fail',
  needs: 'Every role may compare digests.',
  applies: ({ settings }) => settings.command === 'deploy' || settings.planDigest !== undefined,
  read: async (_sessions, { planDigest }) => planDigest,
  judge: (actual, { settings }) => [judged(settings.planDigest, actual)],
})

/** Version and first digits: the whole one stands in the report, and what differs is named. */
const shortened = (digest: string) => (digest.length > 24 ? `${digest.slice(0, 20)}…` : digest)

function judged(approved: string | undefined, actual: string): Finding {
  if (approved === undefined) {
    return {
      outcome: 'not-checked',
      expected: 'the digest of an approved plan',
      actual: shortened(actual),
      reason: 'no plan-digest was given: nobody is on record as having approved this plan',
      fix: 'Run plan in an earlier job, let its output plan-digest be reviewed, and hand it to deploy as plan-digest.',
    }
  }
  const given = readDigest(approved)
  const found = readDigest(actual)
  if (given === null || found === null) {
    return {
      outcome: 'problem',
      expected: shortened(approved),
      actual: shortened(actual),
      reason:
        'plan-digest is not a digest of this version of pg-airlock: it was cut off, or comes from elsewhere.',
      fix: 'Hand over the output plan-digest of plan as it is: needs.plan.outputs.plan-digest.',
    }
  }
  const difference = differenceOfDigests(given, found)
  if (difference.length === 0) {
    const what = counted(found.migrations.size, 'migration')
    return { outcome: 'passed', expected: shortened(approved), actual: `the same: ${what}` }
  }
  return {
    outcome: 'problem',
    expected: shortened(approved),
    actual: shortened(actual),
    reason: `What would run is not what was approved. ${difference.join(' ')}`,
    fix: 'Run plan again and have its new digest approved.',
    details: bounded(difference),
  }
}
