import type { Effect, QualifiedName } from '../sql/types.ts'
import { maybeSameName } from './object-key.ts'

/** What the plan has done so far about how logical replication tells a table's rows apart. */
export interface PlannedIdentity {
  /** It gives the table a primary key. */
  readonly primaryKey: boolean
  /** REPLICA IDENTITY as it sets it; null: as it was. */
  readonly setting: 'FULL' | 'NOTHING' | 'DEFAULT' | 'INDEX' | null
}

/** Follows the statements of a plan in their order. What a guard may skip counts as done: it is there either way, most of the time. */
export class ReplicaIdentities {
  readonly #tables: { readonly table: QualifiedName; readonly done: Partial<PlannedIdentity> }[] =
    []

  follow({ op, object, constraint, change, to = '' }: Effect): void {
    if (op === 'create' && constraint?.type === 'primary key' && object.table !== undefined) {
      this.#tables.push({ table: object.table, done: { primaryKey: true } })
    } else if (op === 'alter' && change === 'REPLICA IDENTITY' && object.name !== null) {
      const table = { schema: object.schema, name: object.name }
      this.#tables.push({ table, done: { setting: settingOf(to) } })
    }
  }

  of(table: QualifiedName): PlannedIdentity {
    const done = this.#tables.filter((each) => maybeSameName(each.table, table))
    return {
      primaryKey: done.some((each) => each.done.primaryKey === true),
      setting: done.findLast((each) => each.done.setting !== undefined)?.done.setting ?? null,
    }
  }
}

function settingOf(to: string): PlannedIdentity['setting'] {
  return to === 'FULL' || to === 'NOTHING' || to === 'DEFAULT' ? to : 'INDEX'
}
