import { createServer, connect as dial, type Socket } from 'node:net'

/** Something that the program sends to the server over one connection, up to the point where it waits for an answer. */
export interface Request {
  /** `worker`, `observer` or `keeper`, from the application_name; empty for another program. */
  readonly role: string
  /** Place in the order of requests of its role, from 0, over all connections of that role. A request repeated at once (polling) is the same one. */
  readonly index: number
  /** Its first message: 'Q' a simple query, 'P' an extended one, 'd' COPY data, 'c' their end, 'X' the end of the session. */
  readonly type: string
  /** The SQL; what is bound to it follows. */
  readonly text: string
  /** How many statements it has the server execute: several where they are sent without waiting for each answer. */
  readonly statements: number
}

/**
 * What becomes of a request that was just sent, or of its answer:
 * `pass` it on; `cut`: it and everything after it is lost; `pass-and-cut`: it still arrives, nothing after it does; a number: so many of its
 * statements still arrive, as when a process dies in the midst of writing.
 */
export type Fate = 'pass' | 'cut' | 'pass-and-cut' | number

export interface ProxyEvents {
  /** Called before a request is passed on. */
  readonly onRequest?: (request: Request) => Fate
  /** Called when the server has answered it (ReadyForQuery), before the end of the answer is passed on. */
  readonly onAnswer?: (request: Request) => 'pass' | 'cut'
}

export interface Proxy {
  readonly port: number
  close(): Promise<void>
}

interface Relays {
  readonly events: ProxyEvents
  /** The next index of each role. */
  readonly counts: Map<string, number>
  readonly sockets: Set<Socket>
  /** Nothing is passed on any more: the program is dead. */
  isCut: boolean
}

/** A TCP proxy that understands just enough of the protocol to tell requests and answers apart. */
export async function startProxy(
  target: { readonly host: string; readonly port: number },
  events: ProxyEvents,
): Promise<Proxy> {
  const relays: Relays = { events, counts: new Map(), sockets: new Set(), isCut: false }
  const server = createServer((client) => {
    const upstream = dial(target.port, target.host)
    for (const socket of [client, upstream]) {
      relays.sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => relays.sockets.delete(socket))
    }
    client.on('close', () => upstream.end())
    upstream.on('close', () => client.destroy())
    relay(relays, client, upstream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        for (const socket of relays.sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** As the kernel does for a killed process: what was sent arrives, then the connection ends. */
function cut(relays: Relays): void {
  relays.isCut = true
  for (const socket of relays.sockets) socket.end()
}

function relay(relays: Relays, client: Socket, upstream: Socket): void {
  let role: string | null = null
  let current: Request | null = null
  let last: Buffer = Buffer.alloc(0)
  const request = (parts: readonly Buffer[]) => {
    const frames = Buffer.concat(parts)
    if (current === null || !frames.equals(last)) {
      const index = relays.counts.get(role ?? '') ?? 0
      relays.counts.set(role ?? '', index + 1)
      current = { role: role ?? '', index, ...contentOf(parts) }
      last = frames
    }
    const fate = relays.events.onRequest?.(current) ?? 'pass'
    if (typeof fate === 'number') upstream.write(Buffer.concat(firstStatements(parts, fate)))
    else if (fate !== 'cut') upstream.write(frames)
    if (fate !== 'pass') cut(relays)
  }
  const fromClient = requests(request, (frame) => upstream.write(frame))
  const fromServer = framed((type, frame) => {
    const isEnd = type === 'Z' && current !== null
    const fate = isEnd && current !== null ? relays.events.onAnswer?.(current) : 'pass'
    if (fate === 'cut') cut(relays)
    else client.write(frame)
  })
  client.on('data', (data) => {
    if (relays.isCut) return
    if (role !== null) return fromClient(data)
    // A start-up packet has no type byte; SSLRequest is answered by the server itself with one byte.
    if (data.readInt32BE(4) !== 80877103) {
      const name = /application_name\0([^\0]*)\0/.exec(data.toString('utf8'))?.[1] ?? ''
      role = /^pg-airlock \S+ (worker|observer|keeper)/.exec(name)?.[1] ?? ''
    }
    upstream.write(data)
  })
  upstream.on('data', (data) => {
    if (relays.isCut) return
    if (role === null) client.write(data)
    else fromServer(data)
  })
}

/** After the type byte and the length an extended query has the name of a prepared statement, which is empty. */
function contentOf(parts: readonly Buffer[]): Pick<Request, 'type' | 'text' | 'statements'> {
  const frames = Buffer.concat(parts)
  const type = String.fromCharCode(frames[0] ?? 0)
  const text = frames.subarray(type === 'P' ? 6 : 5).toString('utf8')
  return { type, text, statements: parts.filter(isExecute).length }
}

const isExecute = (frame: Buffer): boolean => String.fromCharCode(frame[0] ?? 0) === 'E'

/** The messages of a request up to the one that executes its n-th statement. */
function firstStatements(parts: readonly Buffer[], n: number): Buffer[] {
  let executed = 0
  const end = parts.findIndex((frame) => isExecute(frame) && ++executed === n)
  return parts.slice(0, end + 1)
}

/** Gathers frames into requests: a whole extended query up to its Sync is one; COPY data and its end count for themselves. */
function requests(
  each: (parts: readonly Buffer[]) => void,
  authentication: (frame: Buffer) => void,
): (data: Buffer) => void {
  let gathered: Buffer[] = []
  return framed((type, frame) => {
    if (type === 'p') return authentication(frame)
    gathered.push(frame)
    if (!'QSXdcf'.includes(type)) return
    const whole = gathered
    gathered = []
    each(whole)
  })
}

/** Splits a stream into the protocol's messages: type byte, length, body. */
function framed(each: (type: string, frame: Buffer) => void): (data: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (data) => {
    rest = Buffer.concat([rest, data])
    while (rest.length >= 5) {
      const length = rest.readInt32BE(1) + 1
      if (rest.length < length) return
      each(String.fromCharCode(rest[0] ?? 0), rest.subarray(0, length))
      rest = rest.subarray(length)
    }
  }
}
