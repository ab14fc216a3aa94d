import { ServerError } from '../../postgres/server-error.ts'
import type { Session } from '../../postgres/types.ts'

/**
 * A session that is connected anew when it was found lost: for the observer, which a run needs most when something has gone wrong. What was being
 * asked when the connection broke is asked again only where nothing of it had been sent, or where it only reads: nobody knows whether the rest
 * had its effect.
 */
export class SteadySession implements Session {
  private current: Session
  private readonly reopen: (patient: boolean) => Promise<Session>
  private closed = false
  private opening: Promise<Session> | null = null
  private isLost = false
  /** A server that was waited for in vain is not waited for again, only tried. */
  private isInReach = true

  constructor(first: Session, reopen: (patient: boolean) => Promise<Session>) {
    this.current = first
    this.reopen = reopen
    this.watch(first)
  }

  get pid() {
    return this.current.pid
  }

  get name() {
    return this.current.name
  }

  get backendPid() {
    return this.current.backendPid
  }

  get backendStart() {
    return this.current.backendStart
  }

  get endpoint() {
    return this.current.endpoint
  }

  get tls() {
    return this.current.tls
  }

  get serverMajor() {
    return this.current.serverMajor
  }

  get serverVersion() {
    return this.current.serverVersion
  }

  get roundTrips() {
    return this.current.roundTrips
  }

  get transaction() {
    return this.current.transaction
  }

  get lost() {
    return this.current.lost
  }

  query(...args: Parameters<Session['query']>) {
    return this.ask((session) => session.query(...args), readsOnly(args[0]))
  }

  rows<Row>(...args: Parameters<Session['rows']>) {
    return this.ask((session) => session.rows<Row>(...args), readsOnly(args[0]))
  }

  simple(text: string) {
    return this.ask((session) => session.simple(text), readsOnly(text))
  }

  simpleTogether(texts: readonly string[]) {
    return this.ask((session) => session.simpleTogether(texts), texts.every(readsOnly))
  }

  pipeline(...args: Parameters<Session['pipeline']>) {
    const readers = args[0].every(({ text }) => readsOnly(text))
    return this.ask((session) => session.pipeline(...args), readers)
  }

  columnsOf(text: string) {
    return this.ask((session) => session.columnsOf(text), true)
  }

  copyIn(statement: string, data: string) {
    return this.ask((session) => session.copyIn(statement, data), false)
  }

  takeNotices() {
    return this.current.takeNotices()
  }

  close() {
    this.closed = true
    return this.current.close()
  }

  private watch(session: Session): void {
    void session.lost.then(() => {
      if (session === this.current) this.isLost = true
    })
  }

  private async ask<Answer>(
    question: (session: Session) => Promise<Answer>,
    repeatable: boolean,
  ): Promise<Answer> {
    const session = await this.session()
    const sentBefore = session.roundTrips
    try {
      return await question(session)
    } catch (error) {
      const lost = error instanceof ServerError && error.lost
      if (!lost || this.closed) throw error
      this.isLost = true
      if (!repeatable && session.roundTrips !== sentBefore) throw error
      return await question(await this.session())
    }
  }

  private async session(): Promise<Session> {
    if (!this.isLost || this.closed) return this.current
    this.opening ??= this.reopen(this.isInReach).finally(() => {
      this.opening = null
    })
    this.isInReach = false
    const session = await this.opening
    this.isInReach = true
    if (session !== this.current) {
      this.current = session
      this.isLost = false
      this.watch(session)
    }
    return session
  }
}

function readsOnly(text: string): boolean {
  return /^\s*(?:select|show|set local|with)\b/i.test(text)
}
