import { createServer, connect as dial } from 'node:net'

/** A relay in front of a server that counts how often its clients waited for an answer. */
export interface CountingRelay {
  readonly port: number
  /** Round trips since the last call, of all connections together. */
  take(): number
  close(): void
}

/**
 * Counts turns: data from a client after data from the server (or after the connection was made) is a new round trip, however many
 * messages it holds. Authentication counts too, and so does the good-bye, which nobody answers: the same for every contender.
 */
export async function countRoundTrips(server: {
  readonly host: string
  readonly port: number
}): Promise<CountingRelay> {
  let turns = 0
  const relay = createServer((client) => {
    const upstream = dial(server.port, server.host)
    let isClientsTurn = false
    client.setNoDelay(true)
    upstream.setNoDelay(true)
    client.on('data', (data) => {
      if (!isClientsTurn) turns += 1
      isClientsTurn = true
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      isClientsTurn = false
      client.write(data)
    })
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const address = relay.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    take() {
      const taken = turns
      turns = 0
      return taken
    },
    close: () => relay.close(),
  }
}
