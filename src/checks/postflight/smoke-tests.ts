import type { SmokeResult } from '../../report/types.ts'
import type { Criterion } from './evidence.ts'

/** Each check by its last result. One that had failed before anything changed does not condemn the deployment, but is said. */
export const smokeTests: Criterion = {
  id: 'smoke-tests',
  title: 'All smoke tests pass',
  judge({ smoke }) {
    const last = new Map<string, SmokeResult>()
    const before = new Map<string, SmokeResult>()
    for (const result of smoke) (result.when === 'before' ? before : last).set(result.name, result)
    const results = [...last.values()]
    const passed = results.filter(({ outcome }) => outcome === 'passed').length
    const expected = `all ${results.length} smoke tests pass`
    const actual = `${passed} of ${results.length} pass`
    if (results.length === 0) {
      const reason = 'no smoke test ran after the deployment'
      return {
        outcome: 'not-checked',
        expected: 'all smoke tests pass',
        actual: 'none ran',
        reason,
      }
    }
    const failed = results.filter(({ outcome }) => outcome === 'failed')
    const fresh = failed.filter(({ name }) => before.get(name)?.outcome !== 'failed')
    const details = results.filter(({ outcome }) => outcome !== 'passed').map(inWords)
    if (fresh.length > 0) {
      const reason = `${fresh.map(({ name }) => name).join(', ')}: does not work since the deployment.`
      return { outcome: 'problem', expected, actual, reason, details }
    }
    if (failed.length > 0 || results.some(({ outcome }) => outcome === 'warned')) {
      const reason =
        'What does not work did not work before the deployment either, or is only to be warned of.'
      return { outcome: 'warned', expected, actual, reason, details }
    }
    const open = results.find(({ outcome }) => outcome === 'not-checked')
    if (open !== undefined) {
      const reason = `${open.name}: ${open.reason ?? 'not checked'}`
      return { outcome: 'not-checked', expected, actual, reason, details }
    }
    return { outcome: 'passed', expected, actual }
  },
}

function inWords({ name, expected, actual, reason }: SmokeResult): string {
  const why = reason === undefined ? '' : ` (${reason})`
  return `${name}: expected ${expected}, found ${actual}${why}`
}
