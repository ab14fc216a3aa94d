import { createServer, connect as dial, type Socket } from 'node:net'

/** A message that the program sends to the server over one connection, before it is passed on. */
export interface FrontendMessage {
  /** Place in the order of messages of that connection, from 0. The start-up messages are not counted. */
  readonly index: number
  /** 'Q', 'P', 'X', … */
  readonly type: string
  readonly text: string
}

export interface ProxyEvents {
  /** Called before a message of a connection with this application_name is passed on. `hold` keeps it back for ever. */
  readonly onRequest?: (application: string, message: FrontendMessage) => 'pass' | 'hold'
  /** Called when the server has answered everything sent so far (ReadyForQuery), before the answer is passed on. */
  readonly onReady?: (application: string, answered: number) => 'pass' | 'hold'
}

export interface Proxy {
  readonly port: number
  /** Cuts every connection, as the kernel does for a killed process. */
  cut(): void
  close(): Promise<void>
}

/** A TCP proxy that understands just enough of the protocol to count what is sent and answered. */
export async function startProxy(
  target: { readonly host: string; readonly port: number },
  events: ProxyEvents,
): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = dial(target.port, target.host)
    sockets.add(client).add(upstream)
    client.setNoDelay(true)
    upstream.setNoDelay(true)
    relay(client, upstream, events)
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    port,
    cut,
    close: () =>
      new Promise((resolve) => {
        cut()
        server.close(() => resolve())
      }),
  }
}

function relay(client: Socket, upstream: Socket, events: ProxyEvents): void {
  let application = ''
  let started = false
  let sent = 0
  let held = false
  const fromClient = framed((type, frame) => {
    if (held) return
    // Authentication's answers ('p') belong to the start-up.
    if (type !== 'p') {
      const text = frame.subarray(5).toString('utf8')
      held = events.onRequest?.(application, { index: sent, type, text }) === 'hold'
      sent += 1
    }
    if (!held) upstream.write(frame)
  })
  const fromServer = framed((type, frame) => {
    if (type === 'Z' && sent > 0) held ||= events.onReady?.(application, sent) === 'hold'
    if (!held) client.write(frame)
  })
  client.on('data', (data) => {
    if (started) return fromClient(data)
    // A start-up packet has no type byte; SSLRequest is answered by the server itself with one byte.
    const code = data.readInt32BE(4)
    if (code === 80877103) return void upstream.write(data)
    started = true
    application = /application_name\0([^\0]*)\0/.exec(data.toString('utf8'))?.[1] ?? ''
    upstream.write(data)
  })
  upstream.on('data', (data) => {
    if (started) fromServer(data)
    else client.write(data)
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
