import type { Verification } from '../../report/types.ts'
import type { Criterion, Evidence, Verdict } from './evidence.ts'

export const constraints: Criterion = {
  id: 'constraints',
  title: 'All constraints created and VALID',
  judge: (evidence) => judgeObjects(evidence, 'constraint'),
}

export const indexes: Criterion = {
  id: 'indexes',
  title: 'All indexes created and VALID',
  judge: (evidence) => judgeObjects(evidence, 'index'),
}

const plural = { constraint: 'constraints', index: 'indexes' } as const

/** What was not as it should be before the run began is said, and does not condemn the run. */
function judgeObjects(
  { verification, failedBefore, unverified }: Evidence,
  kind: 'constraint' | 'index',
): Verdict {
  const all = verification.filter((one) => one.kind === kind)
  // What a migration dropped is no object to be created, but one that came back is a problem.
  const wanted = all.filter(({ expected }) => expected !== 'absent')
  const failed = all.filter(({ outcome }) => outcome === 'failed')
  const open = all.filter(({ outcome }) => outcome === 'not-checked')
  const passed = wanted.filter(({ outcome }) => outcome === 'passed').length
  const expected = `all ${wanted.length} ${plural[kind]} of all applied migrations as their files say`
  const actual = `${passed} of ${wanted.length}`
  if (failed.length > 0) {
    const earlier = new Set(failedBefore.map(identityOf))
    const known = failed.filter((one) => earlier.has(identityOf(one)))
    const fresh = failed.filter((one) => !earlier.has(identityOf(one)))
    const named = fresh.length > 0 ? fresh : known
    const [verb, them] = named.length === 1 ? ['is', 'it'] : ['are', 'them']
    const since = fresh.length > 0 ? '' : ', and so it was before this deployment began'
    return {
      outcome: fresh.length > 0 ? 'problem' : 'warned',
      expected,
      actual: `${actual}; ${named.slice(0, 3).map(inWords).join('; ')}${named.length > 3 ? '; …' : ''}`,
      reason: `${named.length} ${verb} not as the applied migrations left ${them}${since}.`,
      details: [
        ...fresh.map(inWords),
        ...known.map((one) => `${inWords(one)} (before this deployment too)`),
      ].slice(0, 100),
    }
  }
  if (open.length > 0 || unverified !== undefined) {
    return {
      outcome: 'not-checked',
      expected,
      actual,
      reason: unverified ?? open[0]?.reason ?? 'some could not be checked',
      details: open.slice(0, 100).map(inWords),
    }
  }
  if (all.length === 0) {
    const reason = `no applied migration speaks of ${plural[kind]}`
    return { outcome: 'not-checked', expected, actual: 'nothing to look at', reason }
  }
  return { outcome: 'passed', expected, actual }
}

const identityOf = ({ kind, table, object, expected }: Verification) =>
  JSON.stringify([kind, table, object, expected])

function inWords({ object, table, expected, actual, outcome, reason }: Verification): string {
  const name = table === '' ? object : `${object} on ${table}`
  const why = outcome === 'not-checked' && reason !== undefined ? ` (${reason})` : ''
  return `${name}: expected ${expected}, found ${actual}${why}`
}
