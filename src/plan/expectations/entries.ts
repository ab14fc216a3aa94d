import type { Place } from '../../report/refusal.ts'
import { isOwned } from '../../sql/owned-kind.ts'
import type { ObjectRef, QualifiedName, Statement } from '../../sql/types.ts'
import {
  maybeSame,
  maybeSameName,
  nameSpaceOf,
  objectKey,
  ownerName,
  sameName,
} from '../object-key.ts'
import type { Expectation } from '../types.ts'

/** What is known of one object so far. */
export interface Entry extends Omit<Expectation, 'where'> {
  readonly where: Place
  /** The step that last said something of it. */
  readonly step: number
  /** The statement that created it, for what one statement creates together. */
  readonly createdBy: Statement | null
  readonly temporary: boolean
  readonly uses: readonly ObjectRef[]
}

/** The objects that a script speaks of, by identity; what can't be known is simply not there. A script may speak of ten thousands. */
export class Entries {
  readonly #entries = new Map<string, Entry>()
  readonly #keys = new Map<Entry, string>()
  readonly #byName = new Groups()
  readonly #byTable = new Groups()
  readonly #loose = new Groups()
  #unnamed = 0

  values(): readonly Entry[] {
    return [...this.#entries.values()]
  }

  find(object: ObjectRef): Entry | undefined {
    const exact = this.#entries.get(objectKey(object))
    if (exact !== undefined || object.arguments !== undefined) return exact
    if (nameSpaceOf(object.kind) !== 'routine') return undefined
    const sameNames = this.#byName
      .get(object.name)
      .filter((entry) => entry.object.schema === object.schema && maybeSame(entry.object, object))
    return sameNames.length === 1 ? sameNames[0] : undefined
  }

  put(entry: Entry): void {
    const key = objectKey(entry.object)
    const unnamed = entry.object.name === null
    this.#set(unnamed ? `${key}#${++this.#unnamed}` : key, entry)
  }

  /** Replaces an entry, whose object may have a new name; its place in the order stays where it was only under the same name. */
  change(old: Entry, changed: Entry): void {
    const key = this.#keys.get(old)
    if (key !== undefined && objectKey(changed.object) === objectKey(old.object)) {
      this.#set(key, changed)
      return
    }
    this.remove(old)
    this.put(changed)
  }

  remove(entry: Entry): void {
    const key = this.#keys.get(entry)
    if (key === undefined) return
    this.#entries.delete(key)
    this.#keys.delete(entry)
    this.#byName.delete(entry.object.name, key)
    this.#byTable.delete(entry.object.table?.name, key)
    this.#loose.delete(entry.object.kind, key)
  }

  /** Forgets what may be the same object under another spelling of its schema; returns what that was. */
  forgetOtherSpellings(object: ObjectRef, state?: Entry['state']): readonly Entry[] {
    const key = objectKey(object)
    const others = this.#byName
      .get(object.name)
      .filter(
        (entry) =>
          (state === undefined || entry.state === state) &&
          objectKey(entry.object) !== key &&
          maybeSame(entry.object, object),
      )
    for (const entry of others) this.remove(entry)
    return others
  }

  /** What belongs to a table, view, type or domain: columns, constraints, indexes, triggers, labels. */
  ownedBy(owner: QualifiedName): readonly Entry[] {
    return this.mayBelongTo(owner).filter(({ object }) => sameName(object.table, owner))
  }

  /** The same, and what belongs to it should its schema, left to the search path by one of the two, be the same. */
  mayBelongTo(owner: QualifiedName): readonly Entry[] {
    return this.#byTable
      .get(owner.name)
      .filter(
        ({ object: { kind, table } }) =>
          table !== undefined && maybeSameName(table, owner) && (isOwned(kind) || kind === 'index'),
      )
  }

  /** Constraints or indexes without a name, and indexes whose table no statement has told. */
  loose(kind: 'constraint' | 'index'): readonly Entry[] {
    return this.#loose.get(kind)
  }

  owner(object: ObjectRef): Entry | undefined {
    const { table } = object
    if (table === undefined) return undefined
    return this.#byName.get(table.name).find(({ object: candidate }) => {
      const name = ownerName(candidate)
      return name !== null && !isOwned(candidate.kind) && sameName(table, name)
    })
  }

  #set(key: string, entry: Entry): void {
    const old = this.#entries.get(key)
    if (old !== undefined) {
      this.#keys.delete(old)
      if (old.object.table?.name !== entry.object.table?.name) {
        this.#byTable.delete(old.object.table?.name, key)
      }
    }
    this.#entries.set(key, entry)
    this.#keys.set(entry, key)
    this.#byName.set(entry.object.name, key, entry)
    this.#byTable.set(entry.object.table?.name, key, entry)
    if (isLoose(entry.object)) this.#loose.set(entry.object.kind, key, entry)
    else this.#loose.delete(entry.object.kind, key)
  }
}

/** Entries of one name each, in the order in which they came. */
class Groups {
  readonly #groups = new Map<string, Map<string, Entry>>()

  get(name: string | null): readonly Entry[] {
    return name === null ? [] : [...(this.#groups.get(name)?.values() ?? [])]
  }

  set(name: string | null | undefined, key: string, entry: Entry): void {
    if (name == null) return
    const group = this.#groups.get(name)
    if (group === undefined) this.#groups.set(name, new Map([[key, entry]]))
    else group.set(key, entry)
  }

  delete(name: string | null | undefined, key: string): void {
    if (name != null) this.#groups.get(name)?.delete(key)
  }
}

/** Where an effect stands: the entries so far, its statement and its step. */
export interface Folding {
  readonly entries: Entries
  readonly statement: Statement
  readonly step: number
}

function isLoose({ kind, name, table }: ObjectRef): boolean {
  return name === null || (kind === 'index' && table === undefined)
}
