import type { Writable } from 'node:stream'
import pg, { type Connection } from 'pg'
import type { Query, TextResult } from './types.ts'

export type Value = string | number | boolean | null | readonly string[]

/** What is sent to the server in one go, and answered with one ReadyForQuery. */
export type Request =
  | { readonly type: 'simple'; readonly text: string }
  | { readonly type: 'copy'; readonly text: string; readonly data: string }
  | {
      readonly type: 'extended'
      readonly queries: readonly Query[]
      readonly onResult?: (place: number) => void
    }
  | { readonly type: 'describe'; readonly text: string }

interface Field {
  readonly name: string
  readonly dataTypeID: number
}

/** Parts of pg's connection that its types leave out. */
interface CopyConnection {
  readonly stream: Pick<Writable, 'writableNeedDrain' | 'once'>
  sendCopyFromChunk(chunk: Buffer): void
  sendCopyFail(message: string): void
  endCopyFrom(): void
}

const copyChunk = 64 * 1024

/** What a row, and a value in it, take besides the text. */
const rowSize = 64
const cellSize = 32

/**
 * One request and all of its results, in text format, with the whole command tag of each. pg's own Query drops the tag's words after
 * the first ('CREATE INDEX') and the results of statements that return no rows, and takes COPY data only as a stream.
 *
 * It settles when the server is ready for the next one, also after an error, so that the transaction status is then current.
 */
export class Exchange {
  readonly done: Promise<readonly TextResult[]>
  private readonly request: Request
  private readonly following: readonly Exchange[]
  private written = false
  private failed = false
  private readonly results: TextResult[] = []
  private columns: TextResult['columns'] = []
  private rows: (string | null)[][] = []
  private size = 0
  private settle: {
    resolve(results: readonly TextResult[]): void
    reject(error: unknown): void
  }
  /** pg puts a time limit's handler here; there is none. */
  callback = () => {}

  /** `following` are written along with it, and are to be given to the client right after it. */
  constructor(request: Request, following: readonly Exchange[] = []) {
    this.request = request
    this.following = following
    this.settle = { resolve: () => {}, reject: () => {} }
    this.done = new Promise((resolve, reject) => {
      this.settle = { resolve, reject }
    })
  }

  submit(connection: Connection): void {
    if (this.written) return
    connection.stream.cork()
    for (const exchange of [this, ...this.following]) exchange.write(connection)
    connection.stream.uncork()
  }

  private write(connection: Connection): void {
    const { request } = this
    this.written = true
    if (request.type === 'simple' || request.type === 'copy') {
      connection.query(request.text)
      return
    }
    if (request.type === 'describe') {
      connection.parse({ name: '', text: request.text, types: [] }, false)
      connection.describe({ type: 'S', name: '' }, false)
    } else {
      for (const { text, values = [] } of request.queries) {
        connection.parse({ name: '', text, types: [] }, false)
        connection.bind({ values: values.map(textOf) }, false)
        connection.describe({ type: 'P', name: '' }, false)
        connection.execute({}, false)
      }
    }
    connection.sync()
  }

  handleRowDescription(message: { readonly fields: readonly Field[] }): void {
    this.columns = message.fields.map((field) => ({ name: field.name, typeOid: field.dataTypeID }))
  }

  handleDataRow(message: { readonly fields: (string | null)[] }): void {
    const { request } = this
    const keep = request.type === 'extended' && request.queries[this.results.length]?.keep
    if (keep) {
      this.size += sizeOf(message.fields)
      if (this.rows.length >= keep.rows && this.size > keep.bytes) return
    }
    this.rows.push(message.fields)
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.finishResult(message.text)
  }

  handleEmptyQuery(): void {
    this.finishResult('')
  }

  handlePortalSuspended(): void {}

  /** COPY … TO STDOUT in a migration: its rows go nowhere, the tag counts them. */
  handleCopyData(): void {}

  handleCopyInResponse(connection: CopyConnection): void {
    if (this.request.type !== 'copy') {
      connection.sendCopyFail('COPY FROM STDIN without data in the script')
      return
    }
    const data = Buffer.from(this.request.data, 'utf8')
    let start = 0
    // No faster than they leave. After an error the server wants no more, and another request may be under way.
    const send = () => {
      while (start < data.length && !this.failed) {
        connection.sendCopyFromChunk(data.subarray(start, start + copyChunk))
        start += copyChunk
        if (connection.stream.writableNeedDrain) return void connection.stream.once('drain', send)
      }
      if (!this.failed) connection.endCopyFrom()
    }
    send()
  }

  handleError(error: unknown, connection: Connection): void {
    this.failed = true
    const reject = () => {
      connection.off('readyForQuery', reject)
      connection.off('end', reject)
      this.settle.reject(error)
    }
    if (!(error instanceof pg.DatabaseError)) {
      reject()
      return
    }
    // A server's error is followed by ReadyForQuery, or by the end of the connection.
    connection.on('readyForQuery', reject)
    connection.on('end', reject)
  }

  handleReadyForQuery(): void {
    if (this.request.type === 'describe') this.finishResult('')
    this.settle.resolve(this.results)
  }

  private finishResult(tag: string): void {
    this.results.push({ tag, columns: this.columns, rows: this.rows })
    this.columns = []
    this.rows = []
    this.size = 0
    if (this.request.type === 'extended') this.request.onResult?.(this.results.length - 1)
  }
}

/** About what a row takes in memory, in bytes. */
function sizeOf(fields: readonly (string | null)[]): number {
  return fields.reduce((sum, field) => sum + cellSize + (field?.length ?? 0), rowSize)
}

function textOf(value: Value): string | null {
  if (value === null) return null
  if (typeof value === 'boolean') return value ? 't' : 'f'
  if (typeof value === 'object') return `{${value.map(arrayElement).join(',')}}`
  return String(value)
}

function arrayElement(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}
