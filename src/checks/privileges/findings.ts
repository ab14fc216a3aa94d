import type { Finding } from '../check.ts'
import { bounded } from '../details.ts'
import { aside, problemText } from './advice.ts'
import type { Verdict } from './verdict.ts'

/** What a check says of its needs: each that is missing by itself, all that can't be told together, and what is held. */
export function findings(all: readonly Verdict[], role: string): readonly Finding[] {
  const missing = all.filter(({ outcome }) => outcome === 'missing')
  const unknown = all.filter(({ outcome }) => outcome === 'unknown')
  const held = all.length - missing.length - unknown.length
  return [
    ...missing.map((each) => problem(each, role)),
    ...(unknown.length === 0 ? [] : [untold(unknown)]),
    ...(missing.length > 0 || held === 0 ? [] : [passed(all, held, role)]),
  ]
}

function passed(all: readonly Verdict[], held: number, role: string): Finding {
  return {
    outcome: 'passed',
    expected:
      held === 1
        ? 'what the pending statements need'
        : `all ${held} that the pending statements need`,
    actual: `${role} has ${held === 1 ? 'it' : 'them'}`,
    details: bounded(all.filter(({ outcome }) => outcome === 'held').map(aside)),
  }
}

function problem(verdict: Verdict, role: string): Finding {
  const { need, severity } = verdict
  return {
    outcome: 'problem',
    ...(severity === undefined ? {} : { severity }),
    ...problemText(verdict, role),
    where: need.where,
  }
}

function untold(unknown: readonly Verdict[]): Finding {
  const [first] = unknown
  return {
    outcome: 'not-checked',
    expected:
      unknown.length === 1
        ? 'what the pending statements need'
        : `${unknown.length} that the pending statements need`,
    actual: 'not known',
    reason:
      unknown.length === 1
        ? `${first === undefined ? '' : aside(first)}`
        : 'it can’t be told for what is listed',
    ...(first === undefined ? {} : { where: first.need.where }),
    details: bounded(unknown.map(aside)),
  }
}
