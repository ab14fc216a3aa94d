import type { Effect } from '../../sql/types.ts'

/**
 * As whom the statements run: a file's own SET ROLE or SET SESSION AUTHORIZATION makes it another than the migrations' role, until it is taken
 * back, or the migration ends. Back means the role that logged in, which need not be that of the migrations.
 */
export class ActingRole {
  readonly #migrations: string
  readonly #login: string
  #session: string
  #local: string | null = null

  constructor(migrations: string, login: string) {
    this.#migrations = migrations
    this.#login = login
    this.#session = migrations
  }

  /** Whoever it is where it isn't the migrations' role. */
  get other(): string | null {
    const acting = this.#local ?? this.#session
    return acting === this.#migrations ? null : acting
  }

  follow({ op, object, change = '', to, guarded }: Effect): void {
    if (op !== 'set' || object.kind !== 'parameter') return
    const sets = object.name === 'role' || object.name === 'session_authorization'
    if (!sets && change !== 'DISCARD ALL') return
    const next = to === undefined || to === 'none' ? this.#login : to
    // What may be skipped makes it uncertain, and takes no uncertainty away.
    if (guarded && next === this.#migrations) return
    if (change === 'LOCAL') this.#local = next
    else {
      this.#session = next
      this.#local = null
    }
  }

  endTransaction(): void {
    this.#local = null
  }

  endMigration(): void {
    this.#local = null
    this.#session = this.#migrations
  }
}
