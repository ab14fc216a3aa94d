import { type LastRun, readLastRun } from '../../journal/last-fingerprint.ts'
import { changesBetween } from '../../observe/difference.ts'
import { deserialise, readFingerprint } from '../../observe/fingerprint.ts'
import type { Fingerprint } from '../../observe/types.ts'
import { counted, listed } from '../../report/words.ts'
import { defineCheck, type Finding } from '../check.ts'
import { bounded } from '../details.ts'

interface Facts {
  readonly last: LastRun | null
  /** Not read where there is nothing to compare it with. */
  readonly now: Fingerprint | null
}

const expected = 'the catalog as the last deployment left it'

/**
 * What somebody changed by hand since the last run: the catalog now beside the fingerprint that the journal keeps of it, object by object.
 * `preflight.drift` says whether that refuses, warns, or is accepted; what is accepted stands in this run's fingerprint_before.
 */
export const drift = defineCheck<Facts>({
  id: 'drift.catalog',
  group: 'drift',
  title: 'changes by hand since the last deployment',
  severity: 'warn',
  needs: 'GRANT USAGE ON SCHEMA airlock, SELECT ON airlock.runs TO the role.',
  applies: ({ preflight }) => preflight.drift !== 'off',
  read: async ({ target }) => {
    const last = await readLastRun(target)
    const comparable = last !== null && last.fingerprintAfter !== null
    return { last, now: comparable ? await readFingerprint(target) : null }
  },
  judge: ({ last, now }, { preflight }) => [
    judged(last, now, preflight.drift),
    ...unreadKinds(now),
  ],
})

function judged(last: LastRun | null, now: Fingerprint | null, policy: string): Finding {
  if (last === null) {
    return notChecked('no run of pg-airlock has changed this database yet')
  }
  if (last.fingerprintAfter === null || now === null) {
    const fate = last.outcome === null ? 'is under way, or was killed' : 'was killed'
    return notChecked(
      `run ${last.id} of ${last.startedAt.toISOString()} ${fate}: what it left is not recorded`,
    )
  }
  const before = stored(last.fingerprintAfter)
  if (before === null) {
    return notChecked(`the fingerprint that run ${last.id} recorded can’t be read: it was changed`)
  }
  const incomparable = incomparability(before, now)
  if (incomparable !== null) return notChecked(incomparable)
  const changes = changesBetween(before, now)
  if (changes.length === 0) return { outcome: 'passed', expected, actual: 'unchanged' }
  const since = `since run ${last.id} ended`
  const actual = `${counted(changes.length, 'object')} changed ${since}`
  const details = bounded(changes.flatMap(({ lines }) => lines))
  if (policy === 'accept') {
    return {
      outcome: 'passed',
      expected: `${expected}, or changes that preflight.drift accepts`,
      actual: `${actual}: accepted, and recorded with this run`,
      details,
    }
  }
  return {
    outcome: 'problem',
    severity: policy === 'fail' ? 'fail' : 'warn',
    expected,
    actual,
    reason:
      'Somebody changed the catalog outside the migrations: they were not tested against what is there now, and other databases lack it.',
    fix: 'Write the change into a migration, or take it back; preflight.drift: accept records it and goes on.',
    details,
  }
}

/** What neither picture holds is not compared: nothing of it may count as unchanged. */
function unreadKinds(now: Fingerprint | null): readonly Finding[] {
  if (now === null || now.unread.length === 0) return []
  return [
    {
      outcome: 'not-checked',
      title: 'changes by hand of what can’t be read',
      expected,
      actual: `not known of ${listed(now.unread)}`,
      reason: 'the role that connects may not read their catalogs',
      fix: 'Give back what was revoked of the system catalogs from PUBLIC.',
    },
  ]
}

function stored(text: string): Fingerprint | null {
  try {
    return deserialise(text)
  } catch {
    return null
  }
}

function notChecked(reason: string): Finding {
  return { outcome: 'not-checked', expected, actual: 'not known', reason }
}

/** Why two pictures of one catalog can't be laid side by side; null: they can. */
function incomparability(before: Fingerprint, now: Fingerprint): string | null {
  if (before.serverMajor !== now.serverMajor) {
    return `the last run saw PostgreSQL ${before.serverMajor}, this is ${now.serverMajor}: their catalogs print differently`
  }
  if (!before.stable || !now.stable) {
    return 'the catalog kept changing while it was read, so the picture may mix two states'
  }
  const unread = [...new Set([...before.unread, ...now.unread])].filter(
    (kind) => !(before.unread.includes(kind) && now.unread.includes(kind)),
  )
  return unread.length === 0
    ? null
    : `${listed(unread)} could be read then or can be read now, but not both`
}
