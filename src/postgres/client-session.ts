import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type pg from 'pg'
import { type Patience, watchAnswer } from './answer-watch.ts'
import { Exchange, type Request, type Value } from './exchange.ts'
import { NoticeBox } from './notices.ts'
import { objectsOf } from './row-values.ts'
import { type ServerError, serverErrorOf } from './server-error.ts'
import type { Endpoint, Query, Session, TextResult } from './types.ts'

/** A request of more bytes may be on its way for long: it does not fit into what the ends buffer at the least. */
const uploadBytes = 64 * 1024

/** A server that doesn't answer a farewell is left without one. */
const farewellMs = 3_000

/** A session of pg's client. Made by `connect` (session.ts), which gives it the connected client. */
export class ClientSession implements Session {
  readonly name: string
  readonly endpoint: Endpoint
  readonly tls: string
  readonly lost: Promise<Error>
  /** How long answers are waited for. */
  patience: Patience
  /** Known once the session is prepared. */
  backendPid = 0
  backendStart = ''
  private readonly client: pg.Client
  private readonly parameters: ReadonlyMap<string, string>
  private readonly box = new NoticeBox()
  private last: Promise<unknown> = Promise.resolve()
  private sent = 0
  private closing = false
  private reason: ServerError | null = null

  constructor(
    name: string,
    endpoint: Endpoint,
    client: pg.Client,
    parameters: ReadonlyMap<string, string>,
    patience: Patience,
  ) {
    this.name = name
    this.patience = patience
    this.endpoint = endpoint
    this.client = client
    this.parameters = parameters
    this.tls = tlsVersion(client.connection.stream)
    client.connection.on('errorMessage', (error: unknown) => {
      const failure = serverErrorOf(error)
      if (failure.lost) this.reason ??= failure
    })
    client.on('notice', (notice) => this.box.add(notice))
    this.lost = new Promise((resolve) => {
      const end = (error: unknown) => {
        this.reason ??= serverErrorOf(error)
        if (!this.closing) resolve(this.reason)
      }
      client.on('error', end)
      client.on('end', () => end(new Error('the connection was closed')))
    })
  }

  get pid(): number {
    return (this.client as unknown as { readonly processID: number | null }).processID ?? 0
  }

  get serverVersion(): string {
    return (this.parameters.get('server_version') ?? '').split(' ', 1)[0] ?? ''
  }

  get serverMajor(): number {
    return Number.parseInt(this.serverVersion, 10)
  }

  get roundTrips(): number {
    return this.sent
  }

  get transaction(): Session['transaction'] {
    const status = this.client.getTransactionStatus()
    return status === 'T' ? 'open' : status === 'E' ? 'failed' : 'idle'
  }

  async query(text: string, values: readonly Value[] = []): Promise<TextResult> {
    const [result] = await this.send({ type: 'extended', queries: [{ text, values }] })
    return result ?? { tag: '', columns: [], rows: [] }
  }

  async rows<Row>(text: string, values: readonly Value[] = []): Promise<Row[]> {
    return objectsOf<Row>(await this.query(text, values))
  }

  async simple(text: string): Promise<TextResult[]> {
    return [...(await this.send({ type: 'simple', text }))]
  }

  async simpleTogether(texts: readonly string[]): Promise<TextResult[][]> {
    const answers = await this.sendTogether(texts.map((text) => ({ type: 'simple', text })))
    return answers.map((results) => [...results])
  }

  async pipeline(
    queries: readonly Query[],
    onResult?: (place: number) => void,
  ): Promise<TextResult[]> {
    if (queries.length === 0) return []
    const told = onResult === undefined ? {} : { onResult }
    return [...(await this.send({ type: 'extended', queries, ...told }))]
  }

  async columnsOf(text: string): Promise<TextResult['columns']> {
    const [described] = await this.send({ type: 'describe', text })
    return described?.columns ?? []
  }

  async copyIn(statement: string, data: string): Promise<TextResult> {
    const results = await this.send({ type: 'copy', text: statement, data })
    return results.at(-1) ?? { tag: '', columns: [], rows: [] }
  }

  takeNotices(): ReturnType<Session['takeNotices']> {
    return this.box.take()
  }

  async close(): Promise<void> {
    if (this.closing) return
    this.closing = true
    const { stream } = this.client.connection
    const timer = setTimeout(() => stream.destroy(), farewellMs)
    await this.client.end()
    clearTimeout(timer)
  }

  private async send(request: Request): Promise<readonly TextResult[]> {
    const [results] = await this.sendTogether([request])
    return results ?? []
  }

  private sendTogether(requests: readonly Request[]): Promise<(readonly TextResult[])[]> {
    const answer = this.last.then(() => this.exchange(requests))
    this.last = answer.catch(() => {})
    return answer
  }

  /** Resolves when all have been answered; throws the first failure. */
  private async exchange(requests: readonly Request[]): Promise<(readonly TextResult[])[]> {
    if (this.reason !== null) throw this.reason
    const [first, ...others] = requests
    if (first === undefined) return []
    this.sent++
    const following = others.map((request) => new Exchange(request))
    const exchanges = [new Exchange(first, following), ...following]
    const stopWatching = this.watchAnswer()
    for (const exchange of exchanges) this.client.query(exchange)
    const answers = await Promise.allSettled(exchanges.map(({ done }) => done))
    stopWatching()
    return answers.map((answer) => {
      if (answer.status === 'fulfilled') return answer.value
      const failure = serverErrorOf(answer.reason)
      if (failure.lost) this.reason ??= failure
      throw failure
    })
  }

  private watchAnswer(): () => void {
    const stream = this.client.connection.stream as Socket
    const before = stream.bytesWritten
    return watchAnswer(this.patience, {
      backendPid: this.backendPid,
      backendStart: this.backendStart,
      traffic: () => `${stream.bytesRead} ${stream.bytesWritten} ${unsent(stream)}`,
      uploads: () => stream.bytesWritten - before > uploadBytes,
      giveUp: (reason) => stream.destroy(new Error(reason)),
    })
  }
}

/** Node gives one big write to the system as one, and counts it as unsent until all of it has left; its own time limits look at the handle, too. */
function unsent(stream: Socket): string {
  const { _handle: handle } = stream as { readonly _handle?: { readonly writeQueueSize?: number } }
  return `${stream.writableLength} ${handle?.writeQueueSize ?? 0}`
}

function tlsVersion(stream: unknown): string {
  const { getProtocol } = stream as Partial<TLSSocket>
  return getProtocol?.call(stream as TLSSocket) ?? 'off'
}
