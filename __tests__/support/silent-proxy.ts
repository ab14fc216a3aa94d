import { createServer, connect as dial, type Socket } from 'node:net'

/** What no longer arrives, without a word to either end: as when a firewall forgets a connection, or a cable is cut. */
export type Silence = 'to the server' | 'to the client' | 'both'

/** Which connections: by the role in their application_name; 'all' means new ones too. */
export type Role = 'worker' | 'observer' | 'keeper' | 'all'

export interface SilentProxy {
  readonly port: number
  /** The same URL by way of the proxy. */
  by(url: string): string
  silence(role: Role, direction: Silence): void
  /** Resets (RST) both ends of the connections. */
  reset(role: Role): void
  /** Closes our end alone: the server's stays as it is. */
  sever(role: Role): void
  /** From now on what is sent to the server arrives at this pace. */
  slow(role: Role, bytesPerSecond: number): void
  /** Where new connections lead from now on. */
  switchTo(target: { readonly host: string; readonly port: number }): void
  close(): void
}

interface Line {
  role: string
  deafTo: Set<'server' | 'client'>
  /** Null: as fast as they come. */
  bytesPerSecond: number | null
  readonly sockets: readonly [client: Socket, upstream: Socket]
}

/** A TCP proxy that can fall silent. `onRequest` sees what a client sends, before it is passed on. */
export async function startSilentProxy(
  first: { readonly host: string; readonly port: number },
  onRequest: (text: string, role: string, proxy: SilentProxy) => void = () => {},
): Promise<SilentProxy> {
  let target = first
  const lines = new Set<Line>()
  const fallen = new Set<'server' | 'client'>()
  const meant = (role: Role) => [...lines].filter((line) => role === 'all' || line.role === role)
  const server = createServer((client) => {
    const upstream = dial(target.port, target.host)
    const line: Line = {
      role: '',
      deafTo: new Set(fallen),
      bytesPerSecond: null,
      sockets: [client, upstream],
    }
    lines.add(line)
    for (const socket of line.sockets) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
    }
    client.on('data', (data) => {
      const text = data.toString('latin1')
      line.role = /pg-airlock \S+ (worker|observer|keeper)/.exec(text)?.[1] ?? line.role
      onRequest(text, line.role, proxy)
      if (!line.deafTo.has('server')) upstream.write(data)
      if (line.bytesPerSecond === null) return
      client.pause()
      setTimeout(() => client.resume(), (data.length / line.bytesPerSecond) * 1000)
    })
    upstream.on('data', (data) => {
      if (!line.deafTo.has('client')) client.write(data)
    })
    // The end of one is news too, which silence swallows.
    client.on('close', () => {
      if (!line.deafTo.has('server')) upstream.destroy()
    })
    upstream.on('close', () => {
      if (!line.deafTo.has('client')) client.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const proxy: SilentProxy = {
    port,
    by(text) {
      const url = new URL(text)
      url.hostname = '127.0.0.1'
      url.port = String(port)
      return url.href
    },
    silence(role, direction) {
      const deaf = (['server', 'client'] as const).filter(
        (end) => direction === 'both' || direction === `to the ${end}`,
      )
      for (const end of deaf) {
        for (const line of meant(role)) line.deafTo.add(end)
        if (role === 'all') fallen.add(end)
      }
    },
    reset(role) {
      for (const { sockets } of meant(role)) for (const socket of sockets) socket.resetAndDestroy()
    },
    sever(role) {
      for (const line of meant(role)) {
        line.deafTo.add('server')
        line.sockets[0].resetAndDestroy()
      }
    },
    slow(role, bytesPerSecond) {
      for (const line of meant(role)) line.bytesPerSecond = bytesPerSecond
    },
    switchTo(next) {
      target = next
    },
    close() {
      for (const { sockets } of lines) for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
  return proxy
}
