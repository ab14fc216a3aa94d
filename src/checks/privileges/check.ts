import { type PrivilegeGroup, type PrivilegeNeed, privilegeNeeds } from '../../plan/privileges.ts'
import { type Check, defineCheck, type Finding, type Subject } from '../check.ts'
import { findings } from './findings.ts'
import { type Held, readRights } from './rights.ts'
import { type Verdict, verdicts } from './verdict.ts'

/** A check of one group of needs; what it says beyond them comes from `beyond`. */
export interface PrivilegeCheck {
  readonly id: string
  readonly group: PrivilegeGroup
  readonly title: string
  readonly beyond?: (all: readonly Verdict[], subject: Subject) => readonly Finding[]
}

/** Derives the needs from the plan, looks their objects up by one query, and judges each. */
export function privilegeCheck({ id, group, title, beyond }: PrivilegeCheck): Check {
  return defineCheck<readonly Held[]>({
    id,
    group: 'privileges',
    title,
    severity: 'fail',
    needs:
      'The catalogs of privileges are open to every role: give back what was revoked from PUBLIC.',
    applies: (subject) => needsOf(subject, group).length > 0,
    read: ({ target }, subject) => readRights(target, subject.role, needsOf(subject, group)),
    judge(held, subject) {
      const all = verdicts(needsOf(subject, group), held)
      return [...findings(all, subject.role), ...(beyond?.(all, subject) ?? [])]
    },
  })
}

/** What the pending statements ask of the migrations' role, and of the one that logs in. */
export function neededBy(subject: Subject): readonly PrivilegeNeed[] {
  return privilegeNeeds(subject.pending, { ...subject, login: subject.target.user })
}

/** Four checks ask three times each; a plan may have ten thousands of statements. */
const derived = new WeakMap<Subject['pending'], readonly PrivilegeNeed[]>()

function needsOf(subject: Subject, group: PrivilegeGroup): readonly PrivilegeNeed[] {
  const needs = derived.get(subject.pending) ?? neededBy(subject)
  derived.set(subject.pending, needs)
  return needs.filter((need) => need.group === group)
}
