import type { PrivilegeNeed } from '../../plan/privileges.ts'
import { hosted } from './hosted.ts'
import type { Held } from './rights.ts'

/** What became of one need. */
export interface Verdict {
  readonly need: PrivilegeNeed
  readonly outcome: 'held' | 'missing' | 'unknown'
  /** The object as it was found; null: it isn't there. */
  readonly found: Held | null
  readonly reason?: string
  /** Without it the statement goes on, with a warning. */
  readonly severity?: 'warn'
}

export function verdicts(
  needs: readonly PrivilegeNeed[],
  held: readonly Held[],
): readonly Verdict[] {
  const byNeed = new Map<number, Held[]>()
  for (const each of held) {
    const known = byNeed.get(each.need)
    if (known === undefined) byNeed.set(each.need, [each])
    else known.push(each)
  }
  return needs.map((need, place) => moderated(verdict(need, byNeed.get(place) ?? [])))
}

/** What is missing may be only warned of, or not be asked for in the end. */
function moderated(judged: Verdict): Verdict {
  const { need, outcome, found } = judged
  if (outcome !== 'missing') return judged
  const reason = need.doubt ?? allowance(judged)
  if (reason !== undefined) return { ...judged, outcome: 'unknown', reason }
  const warned = need.severity === 'warn' || (need.lenient === true && holdsAny(found))
  return warned ? { ...judged, severity: 'warn' } : judged
}

/** Of an object's own privileges: neither its owner's rights nor those on its schema, nor those on columns. */
function holdsAny(found: Held | null): boolean {
  return found?.rights.some((right) => /^[A-Z]+$/.test(right) && right !== 'OWNER') === true
}

/** Hosted servers let their administrators do what the catalog has for superusers only. */
function allowance({ need, found }: Verdict): string | undefined {
  const attributes = ['CREATEROLE', 'CREATEDB']
  if (need.anyOf.some((right) => attributes.includes(right))) return undefined
  const by = found?.rights.find((right) => right.startsWith(hosted))?.slice(hosted.length)
  return by === undefined
    ? undefined
    : `${by} stands for a hosted server, which allows its administrators more than its catalog tells`
}

function verdict(need: PrivilegeNeed, candidates: readonly Held[]): Verdict {
  const { object, anyOf } = need
  if (anyOf.length === 0) {
    return { need, outcome: 'unknown', found: null, reason: need.reason ?? 'it isn’t derived' }
  }
  if (object.kind === 'schema' && object.name === null) {
    return { need, outcome: 'missing', found: null }
  }
  const reached = alongPath(need, candidates)
  const matching = reached.filter((each) => sameArguments(need, each))
  const judged = matching.length > 0 ? matching : reached
  const [first] = judged
  if (first === undefined) return absent(need, candidates)
  const holds = judged.filter(({ rights }) => anyOf.some((right) => rights.includes(right)))
  if (holds.length === judged.length) return { need, outcome: 'held', found: first }
  if (holds.length > 0) {
    const reason = `there are ${judged.length} of this name, and it is not derived which one is meant`
    return { need, outcome: 'unknown', found: first, reason }
  }
  const partly = anyOf.some((right) => first.rights.includes(`${right} (columns)`))
  if (!partly) return { need, outcome: 'missing', found: first }
  const reason =
    'the privilege is held on some columns, and which ones the statement needs is not derived'
  return { need, outcome: 'unknown', found: first, reason }
}

/** Nothing of this name is reached; where it lies in a schema that the role may not even look into, that is what is missing. */
function absent(need: PrivilegeNeed, elsewhere: readonly Held[]): Verdict {
  if (need.mayBeAbsent === true) return { need, outcome: 'held', found: null }
  const hidden = elsewhere.find(
    ({ rights, schema }) => schema !== null && !rights.includes('SCHEMA USAGE'),
  )
  if (hidden !== undefined) return { need, outcome: 'missing', found: hidden, reason: 'hidden' }
  return { need, outcome: 'unknown', found: null, reason: 'there is no such object yet' }
}

/** The first schema of the path that has the name, as the server looks names up: its own catalog before all others. */
function alongPath(
  { object, searchPath }: PrivilegeNeed,
  candidates: readonly Held[],
): readonly Held[] {
  if (object.schema !== null || candidates.every(({ schema }) => schema === null)) return candidates
  for (const schema of ['pg_catalog', ...searchPath]) {
    const found = candidates.filter((each) => each.schema === schema)
    if (found.length > 0) return found
  }
  return []
}

function sameArguments({ object }: PrivilegeNeed, found: Held): boolean {
  return object.arguments === undefined || found.arguments === object.arguments.join(', ')
}
