import { isOwned } from '../../sql/owned-kind.ts'
import type { ObjectRef, QualifiedName } from '../../sql/types.ts'
import { objectKey, ownerName, sameName } from '../object-key.ts'
import type { LookBefore, ObjectBefore } from './object-before.ts'

/** One object from its creation (or from before) to its end, under whatever names. */
export interface Life {
  /** As it is called now; the table that it belongs to as it was called when the object was created. */
  object: ObjectRef
  /** As it was called before the first effect, or when it was created. */
  readonly original: ObjectRef
  readonly origin: 'here' | 'before'
  /** undefined: not known whether it was there. */
  readonly before: ObjectBefore | null | undefined
  ended: boolean
}

/** What a trigger, policy, constraint, index or column of a table may depend on. */
const usable: ReadonlySet<ObjectRef['kind']> = new Set([
  'function',
  'procedure',
  'aggregate',
  'operator',
  'operator class',
  'type',
  'domain',
  'collation',
  'sequence',
])

/** The objects that effects speak of, told apart although names are given anew. */
export class Lives {
  readonly #lives = new Map<string, Life>()
  readonly #before: LookBefore
  #unnamed = 0

  constructor(before: LookBefore) {
    this.#before = before
  }

  at(object: ObjectRef): Life | undefined {
    return this.#lives.get(objectKey(object))
  }

  begin(object: ObjectRef, origin: Life['origin'], before: Life['before']): Life {
    const life: Life = { object, original: object, origin, before, ended: false }
    const key = objectKey(object)
    this.#lives.set(object.name === null ? `${key}#${++this.#unnamed}` : key, life)
    return life
  }

  /** Ends an object's life and that of all that belongs to it. */
  end(object: ObjectRef, before: Life['before']): void {
    const life = this.at(object) ?? this.begin(object, 'before', before)
    life.ended = true
    const owner = ownerName(object)
    if (owner === null || isOwned(object.kind)) return
    for (const one of this.#lives.values()) {
      if (sameName(one.object.table, owner)) one.ended = true
    }
  }

  /** True for what these effects created and didn't drop. */
  isNew(object: ObjectRef): boolean {
    const life = this.at(object)
    return life?.origin === 'here' && !life.ended
  }

  /** True for what belongs to a table, view, type or domain that these effects created. */
  belongsToNew({ table }: ObjectRef): boolean {
    if (table === undefined) return false
    return (['table', 'type'] as const).some((kind) => this.isNew({ kind, ...table }))
  }

  /**
   * True where something was created after the table that what belongs to the table may use: a trigger's function, a column's type.
   * Dropping that would fail as long as this is there, and the older table is dropped only later.
   */
  mayUseYounger({ table }: ObjectRef): boolean {
    if (table === undefined) return false
    const owner = this.at({ kind: 'table', ...table }) ?? this.at({ kind: 'type', ...table })
    if (owner === undefined) return false
    const lives = [...this.#lives.values()]
    return lives
      .slice(lives.indexOf(owner) + 1)
      .some(({ object, origin, ended }) => usable.has(object.kind) && origin === 'here' && !ended)
  }

  isDomain(owner: QualifiedName | undefined): boolean {
    if (owner === undefined) return false
    const domain: ObjectRef = { kind: 'domain', ...owner }
    return this.at(domain)?.object.kind === 'domain' || this.#before(domain)?.kind === 'domain'
  }

  /** The object before the first effect, found by the names it had then. */
  lookBefore(object: ObjectRef): Life['before'] {
    const life = this.at(object)
    if (life !== undefined && life.origin === 'here') return life.before
    const original = life?.original ?? object
    const schema = original.kind === 'schema' ? original.name : original.schema
    return this.#before({ ...original, schema, ...this.#originalTable(original.table) })
  }

  rename(from: ObjectRef, to: ObjectRef): void {
    const life = this.at(from) ?? this.begin(from, 'before', this.lookBefore(from))
    this.#lives.delete(objectKey(from))
    life.object = { ...life.object, name: to.name, schema: to.schema }
    this.#lives.set(objectKey(to), life)
    const old = ownerName(from)
    const name = ownerName(to)
    if (old !== null && name !== null && !isOwned(from.kind)) this.#moveOwned(old, name)
  }

  #moveOwned(old: QualifiedName, name: QualifiedName): void {
    for (const [key, life] of [...this.#lives]) {
      if (!sameName(life.object.table, old)) continue
      this.#lives.delete(key)
      const moved = { ...life.object, table: name }
      if (this.belongsToNew(moved)) life.object = moved
      this.#lives.set(objectKey(moved), life)
    }
  }

  #originalTable(table: QualifiedName | undefined): Pick<ObjectRef, 'table'> {
    if (table === undefined) return {}
    const original = this.at({ kind: 'table', ...table })?.original
    const name = original === undefined ? null : ownerName(original)
    return { table: name ?? table }
  }
}
