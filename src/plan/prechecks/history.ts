import { changesRows } from '../row-changes.ts'
import type { PlannedEffect } from './types.ts'

/** What a plan does, in order, found again by the name of what it does it to: plans may hold tens of thousands of effects. */
export class History {
  readonly #all: PlannedEffect[] = []
  readonly #byName = new Map<string, number[]>()
  /** Places of what may reach any table: functions, triggers, cascades. */
  readonly #wide: number[] = []

  add(planned: PlannedEffect): void {
    const place = this.#all.push(planned) - 1
    const { op, object, partition, to } = planned.effect
    for (const name of new Set([object.name, object.table?.name, partition?.name, to])) {
      if (name == null) continue
      const places = this.#byName.get(name)
      if (places === undefined) this.#byName.set(name, [place])
      else places.push(place)
    }
    const dropsTable = op === 'drop' && object.kind === 'table'
    if (op === 'unknown' || dropsTable || changesRows(op)) this.#wide.push(place)
  }

  /** As it stands now: what was done so far to objects of these names or their members, or may reach them, oldest first. */
  soFar(): (names: readonly string[]) => readonly PlannedEffect[] {
    const end = this.#all.length
    return (names) => {
      const places = new Set(this.#wide)
      for (const name of names) for (const one of this.#byName.get(name) ?? []) places.add(one)
      return [...places]
        .filter((place) => place < end)
        .toSorted((one, other) => one - other)
        .flatMap((place) => this.#all[place] ?? [])
    }
  }
}
