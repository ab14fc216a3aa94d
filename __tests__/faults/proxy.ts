import { createServer, connect as dial, type Socket } from 'node:net'

/** Something that the program sends to the server over one connection, up to the point where it waits for an answer. */
export interface Request {
  /** `worker`, `observer` or `keeper`, from the application_name; empty for another program. */
  readonly role: string
  /** Place in the order of requests of its role, from 0, over all connections of that role. A request repeated at once (polling) is the same one; looks at a running statement don't count. */
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
  /** Called before a request is passed on; a promise keeps it, and what follows on its connection, until it settles. */
  readonly onRequest?: (request: Request) => Fate | Promise<Fate>
  /** Called when the server has answered it (ReadyForQuery), before the end of the answer is passed on; a promise keeps it back. */
  readonly onAnswer?: (request: Request) => 'pass' | 'cut' | Promise<'pass' | 'cut'>
}

/** Which connections a fault of the network hits. */
export type Hit = 'worker' | 'observer' | 'keeper' | 'all'

/** Which way nothing passes any more. */
export type Direction = 'to the server' | 'to the client' | 'both ways'

export interface Proxy {
  readonly port: number
  /** Ends connections as a firewall or a crashed host does: with RST, towards both sides. Connections made later are not hit. */
  reset(hit: Hit): void
  /**
   * From now on nothing passes, and nothing is closed. One connection: a firewall forgot it, others can be made. All: the cable is cut, and
   * connections made later say nothing either.
   */
  drop(hit: Hit, direction: Direction): void
  close(): Promise<void>
}

/** One connection of the program and what it is passed on by. */
interface Wire {
  role: string | null
  readonly client: Socket
  readonly upstream: Socket
  readonly silent: Set<'to the server' | 'to the client'>
  /** A request or an answer is being kept back: what follows waits behind it. */
  held: boolean
  readonly waiting: (() => void)[]
}

interface Relays {
  readonly events: ProxyEvents
  /** The next index of each role. */
  readonly counts: Map<string, number>
  readonly wires: Set<Wire>
  /** Nothing is passed on any more: the program is dead. */
  isCut: boolean
  /** For connections made from now on. */
  readonly silent: Set<'to the server' | 'to the client'>
}

/** A TCP proxy that understands just enough of the protocol to tell requests and answers apart. */
export async function startProxy(
  target: { readonly host: string; readonly port: number },
  events: ProxyEvents,
): Promise<Proxy> {
  const relays: Relays = {
    events,
    counts: new Map(),
    wires: new Set(),
    isCut: false,
    silent: new Set(),
  }
  const server = createServer((client) => {
    const upstream = dial(target.port, target.host)
    const silent = new Set(relays.silent)
    const wire: Wire = { role: null, client, upstream, silent, held: false, waiting: [] }
    relays.wires.add(wire)
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      socket.on('error', () => socket.destroy())
    }
    // The end of a connection is a message too, and is lost like the others where nothing passes.
    client.on('close', () => {
      if (!wire.silent.has('to the server')) upstream.end()
    })
    upstream.on('close', () => {
      relays.wires.delete(wire)
      if (!wire.silent.has('to the client')) client.destroy()
    })
    relay(relays, wire)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const hitBy = (hit: Hit) => [...relays.wires].filter(({ role }) => hit === 'all' || role === hit)
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    reset(hit) {
      for (const { client, upstream } of hitBy(hit)) {
        client.resetAndDestroy()
        upstream.resetAndDestroy()
      }
    },
    drop(hit, direction) {
      const ways = (['to the server', 'to the client'] as const).filter(
        (way) => direction === 'both ways' || direction === way,
      )
      for (const way of ways) {
        for (const { silent } of hitBy(hit)) silent.add(way)
        if (hit === 'all') relays.silent.add(way)
      }
    },
    close: () =>
      new Promise((resolve) => {
        for (const { client, upstream } of relays.wires) {
          client.destroy()
          upstream.destroy()
        }
        server.close(() => resolve())
      }),
  }
}

/** As the kernel does for a killed process: what was sent arrives, then the connection ends. */
function cut(relays: Relays): void {
  relays.isCut = true
  for (const { client, upstream } of relays.wires) {
    client.end()
    upstream.end()
  }
}

function relay(relays: Relays, wire: Wire): void {
  const { client, upstream } = wire
  let current: Request | null = null
  let last: Buffer = Buffer.alloc(0)
  const toServer = (frame: Buffer) => {
    if (!wire.silent.has('to the server') && upstream.writable) upstream.write(frame)
  }
  const toClient = (frame: Buffer) => {
    if (!wire.silent.has('to the client') && client.writable) client.write(frame)
  }
  const request = (parts: readonly Buffer[]) => {
    const frames = Buffer.concat(parts)
    if (isLook(frames)) {
      current = null
      toServer(frames)
      return
    }
    if (current === null || !frames.equals(last)) {
      const index = relays.counts.get(wire.role ?? '') ?? 0
      relays.counts.set(wire.role ?? '', index + 1)
      current = { role: wire.role ?? '', index, ...contentOf(parts) }
      last = frames
    }
    whenKnown(wire, relays.events.onRequest?.(current) ?? 'pass', (fate) => {
      if (typeof fate === 'number') toServer(Buffer.concat(firstStatements(parts, fate)))
      else if (fate !== 'cut') toServer(frames)
      if (fate !== 'pass') cut(relays)
    })
  }
  const fromClient = requests(
    (parts) => inTurn(wire, () => request(parts)),
    (frame) => toServer(frame),
  )
  const fromServer = framed((type, frame) =>
    inTurn(wire, () => {
      const isEnd = type === 'Z' && current !== null
      const fate = isEnd && current !== null ? relays.events.onAnswer?.(current) : 'pass'
      whenKnown(wire, fate ?? 'pass', (known) => {
        if (known === 'cut') cut(relays)
        else toClient(frame)
      })
    }),
  )
  client.on('data', (data) => {
    if (relays.isCut) return
    if (wire.role !== null) return fromClient(data)
    // A start-up packet has no type byte; SSLRequest is answered by the server itself with one byte.
    if (data.readInt32BE(4) !== 80877103) {
      const name = /application_name\0([^\0]*)\0/.exec(data.toString('utf8'))?.[1] ?? ''
      wire.role = /^pg-airlock \S+ (worker|observer|keeper)/.exec(name)?.[1] ?? ''
    }
    toServer(data)
  })
  upstream.on('data', (data) => {
    if (relays.isCut) return
    if (wire.role === null) toClient(data)
    else fromServer(data)
  })
}

/** What the observer asks while a statement runs: how often depends on how long that takes, so it has no place in the order. */
function isLook(frames: Buffer): boolean {
  return /pg_blocking_pids|pg_stat_progress_/.test(frames.toString('latin1'))
}

/** Acts at once where the fate is known, so that nothing is late by even a tick; else keeps the connection's turn until it is. */
function whenKnown<Known>(wire: Wire, fate: Known | Promise<Known>, act: (fate: Known) => void) {
  if (!(fate instanceof Promise)) return act(fate)
  wire.held = true
  void fate.then((known) => {
    wire.held = false
    act(known)
    while (!wire.held) {
      const next = wire.waiting.shift()
      if (next === undefined) return
      next()
    }
  })
}

function inTurn(wire: Wire, act: () => void): void {
  if (wire.held) wire.waiting.push(act)
  else act()
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
