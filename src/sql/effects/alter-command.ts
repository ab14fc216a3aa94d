import type { AlterTableCmd } from '../tree/types.ts'
import type { Effect, ObjectKind } from '../types.ts'

/** The relation that an ALTER TABLE, INDEX, VIEW … speaks of. */
export interface AlterTarget {
  readonly kind: ObjectKind
  readonly name: { readonly schema: string | null; readonly name: string }
}

/** What one subcommand does to it. */
export type AlterCommand = (command: AlterTableCmd, target: AlterTarget) => readonly Effect[]
