import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'

/** The recipe application as far as the runbook's smoke tests know it. */
export interface Application {
  /** `http://127.0.0.1:…`, without a path. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * Serves GET /api/recipes, /api/recipes/<id> and /dashboard/recipes out of the database, on a free loopback port. What the database refuses
 * becomes a 500 with its message, as applications do while they are developed.
 */
export async function startApplication(databaseUrl: string): Promise<Application> {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: 'recipe application',
    max: 2,
  })
  // An idle connection that ends with the server is no fault.
  pool.on('error', () => {})
  const server = createServer((request, response) => {
    void answer(pool, request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    await pool.end()
  }
  let closed: Promise<void> | undefined
  const stop = () => {
    closed ??= close()
    return closed
  }
  return { url: `http://127.0.0.1:${port}`, stop }
}

async function answer(
  pool: pg.Pool,
  { method, url = '/' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const page = method === 'GET' ? await pageOf(pool, url) : null
    if (page === null) send(response, 404, 'text/plain', 'Not found')
    else send(response, 200, page.type, page.body)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    send(response, 500, 'text/plain', message)
  }
}

interface Page {
  readonly type: string
  readonly body: string
}

/** Null: there is no such page. */
async function pageOf(pool: pg.Pool, url: string): Promise<Page | null> {
  const [path = ''] = url.split('?')
  if (path === '/api/recipes') return json(await recipes(pool, ''))
  if (path === '/dashboard/recipes') return dashboard(await recipes(pool, ''))
  const id = /^\/api\/recipes\/(\d{1,9})$/.exec(path)?.[1]
  if (id === undefined) return null
  const [recipe] = await recipes(pool, 'WHERE r."id" = $1', [id])
  return recipe === undefined ? null : json(recipe)
}

interface Recipe {
  readonly id: number
  readonly name: string
  readonly category: string | null
}

async function recipes(
  pool: pg.Pool,
  where: string,
  values: readonly string[] = [],
): Promise<Recipe[]> {
  const { rows } = await pool.query<Recipe>(
    `SELECT r."id", r."name", c."name" AS category
       FROM "Recipe" r LEFT JOIN "RecipeCategory" c ON c."id" = r."categoryId"
      ${where} ORDER BY r."id" LIMIT 20`,
    [...values],
  )
  return rows
}

function json(value: unknown): Page {
  return { type: 'application/json', body: JSON.stringify(value) }
}

function dashboard(all: readonly Recipe[]): Page {
  const items = all.map(({ name }) => `<li>${escaped(name)}</li>`).join('\n')
  const body = `<!doctype html>\n<title>Recipes</title>\n<h1>Recipes</h1>\n<ul>\n${items}\n</ul>\n`
  return { type: 'text/html', body }
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8` })
  response.end(body)
}
