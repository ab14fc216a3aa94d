import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP application that can be taken down and brought back under the same address. */
export interface Application {
  readonly url: string
  /** Paths asked for so far, with their queries. */
  readonly asked: string[]
  stop(): Promise<void>
  start(): Promise<void>
}

/** Runs `act` beside an HTTP server on 127.0.0.1 that answers with `listener`. */
export async function withApplication<Result>(
  listener: RequestListener,
  act: (application: Application) => Promise<Result>,
): Promise<Result> {
  const asked: string[] = []
  const answer: RequestListener = (request, response) => {
    asked.push(request.url ?? '')
    listener(request, response)
  }
  let over = false
  let server = await listen(answer, 0)
  const { port } = server.address() as AddressInfo
  const application: Application = {
    url: `http://127.0.0.1:${port}`,
    asked,
    stop: () => close(server),
    async start() {
      if (!over) server = await listen(answer, port)
    },
  }
  try {
    return await act(application)
  } finally {
    over = true
    await close(server)
  }
}

function listen(listener: RequestListener, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(listener)
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
