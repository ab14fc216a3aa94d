import type { QualifiedName } from '../../sql/types.ts'
import { typesOf } from './type-changes.ts'
import type { PrecheckRequest } from './types.ts'

/** Every name that must be looked up before the questions can be derived. */
export function namesOf(requests: readonly PrecheckRequest[]): ReadonlySet<string> {
  const names = requests.flatMap(({ owner, demand, types, effect }) => [
    owner.name,
    ...[...types, ...typesOf(effect)].map(({ name }) => name),
    ...('name' in demand && demand.name !== null ? [demand.name] : []),
    ...(demand.kind === 'constraint' && demand.constraint.references !== null
      ? [demand.constraint.references.table.name]
      : []),
  ])
  // Of tables whose rows are changed first it matters whether they have triggers.
  const changed = requests.at(-1)?.earlier([]) ?? []
  return new Set([
    ...names,
    ...changed.flatMap(({ effect }) => effect.object.name ?? []),
    ...typesBefore(requests).map(({ name }) => name),
  ])
}

/** Types of columns that the plan makes first, and those that domains it makes are made of: they may have a default. */
function typesBefore(requests: readonly PrecheckRequest[]): QualifiedName[] {
  const last = requests.at(-1)
  if (last === undefined) return []
  const found: QualifiedName[] = []
  let wanted = requests.flatMap(({ owner, effect }) => [owner, ...typesOf(effect)])
  const seen = new Set<string>()
  while (wanted.length > 0) {
    const names = new Set(wanted.map(({ name }) => name).filter((name) => !seen.has(name)))
    for (const name of names) seen.add(name)
    wanted =
      names.size === 0 ? [] : last.earlier([...names]).flatMap(({ effect }) => typesOf(effect))
    found.push(...wanted)
  }
  return found
}
