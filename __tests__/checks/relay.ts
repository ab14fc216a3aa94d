import { connect, createServer, type Socket } from 'node:net'

export interface Relay {
  /** The URL given, by way of the relay. */
  readonly url: string
  close(): Promise<void>
}

export interface RelayOptions {
  /** How long everything that the server says takes. */
  readonly delayMs?: number
  /** As a pooler does: its own pid instead of the backend's in BackendKeyData. */
  readonly ownPid?: number
  /** The server says that it is a later minor: '18.4' becomes '18.9'. */
  readonly laterMinor?: true
}

/** Passes a connection on, from far away or under a pid of its own. Without TLS, whose bytes can't be read. */
export async function startRelay(to: string, options: RelayOptions): Promise<Relay> {
  const target = new URL(to)
  const { port, hostname } = target
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true))
      socket.on('error', end).on('close', end)
    }
    client.on('data', (data) => upstream.write(data))
    upstream.on('data', (data) => {
      const said = options.ownPid === undefined ? data : withPid(data, options.ownPid)
      if (options.laterMinor === true) makeLater(said)
      if (options.delayMs === undefined) client.write(said)
      else setTimeout(() => client.writable && client.write(said), options.delayMs)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  target.port = String(typeof address === 'object' && address !== null ? address.port : 0)
  target.searchParams.set('sslmode', 'disable')
  return {
    url: target.href,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** BackendKeyData is 'K', the length 12, pid and key; it comes once, just before the first ReadyForQuery. */
function withPid(data: Buffer, pid: number): Buffer {
  const place = data.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]))
  if (place >= 0 && data[place + 13] === 0x5a) data.writeInt32BE(pid, place + 5)
  return data
}

/** In place, of the same length: every digit of the minor becomes a nine. */
function makeLater(data: Buffer): void {
  const name = data.indexOf('server_version\0')
  const dot = data.indexOf('.', name)
  if (name < 0 || dot < 0) return
  for (let place = dot + 1; /\d/.test(String.fromCharCode(data[place] ?? 0)); place++)
    data[place] = 0x39
}
