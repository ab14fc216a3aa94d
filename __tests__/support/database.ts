import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** A server of this test run. */
export interface Server {
  readonly major: number
  readonly host: string
  readonly port: number
  /** A superuser, with its password. */
  readonly user: string
  readonly password: string
  readonly adminUrl: string
}

export interface DatabaseOptions {
  /** Default: the highest major of the run. */
  readonly major?: number
  /** 'empty' (default), or 'recipe': docs/db/schema.sql with about 4,000 rows. */
  readonly template?: 'empty' | 'recipe'
  /** Default: a unique name. Any text is allowed. */
  readonly name?: string
}

export interface TestDatabase {
  readonly url: string
  readonly name: string
  readonly major: number
  /** Runs SQL on one session kept for the life of the database. Several statements are allowed without values: rows of the last. */
  query<Row extends pg.QueryResultRow = Record<string, unknown>>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<Row[]>
  /** Another session, closed by `drop` at the latest. */
  connect(applicationName?: string): Promise<pg.Client>
  drop(): Promise<void>
}

export const recipeTemplate = 'airlock_recipe'
export const serversVariable = 'PG_AIRLOCK_TEST_SERVERS'

/** The servers of this run, ascending by major. */
export function servers(): Server[] {
  return JSON.parse(process.env[serversVariable] ?? '[]') as Server[]
}

/** The oldest and the newest server: for what is ours and rests on nothing that a major has changed. */
export function oldestAndNewest(): Server[] {
  const all = servers()
  return all.filter((_, index) => index === 0 || index === all.length - 1)
}

/** The server of a major; without one, the highest. */
export function server(major?: number): Server {
  const all = servers()
  const found = major === undefined ? all.at(-1) : all.find((each) => each.major === major)
  if (found === undefined) {
    throw new Error(
      `this run has no server of PostgreSQL ${major ?? 'any major'}; PG_MAJORS is ${process.env.PG_MAJORS ?? 'not set'}`,
    )
  }
  return found
}

export async function createDatabase(options: DatabaseOptions = {}): Promise<TestDatabase> {
  const home = server(options.major)
  const name = options.name ?? `test_${process.pid}_${randomBytes(5).toString('hex')}`
  const template = options.template === 'recipe' ? recipeTemplate : 'template0'
  await asAdmin(home, `CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${template}`)
  const url = new URL(home.adminUrl)
  url.pathname = `/${encodeURIComponent(name)}`

  const clients: pg.Client[] = []
  const connect = async (applicationName = 'test') => {
    const client = new pg.Client({
      host: home.host,
      port: home.port,
      user: home.user,
      password: home.password,
      // Not by the URL: pg leaves %2F and %3F in it undecoded.
      database: name,
      application_name: applicationName,
    })
    // Ended by the server (a dropped database, a test that terminates it): the next query reports it.
    client.on('error', () => {})
    await client.connect()
    clients.push(client)
    return client
  }
  let own: Promise<pg.Client> | undefined

  return {
    url: url.href,
    name,
    major: home.major,
    connect,
    async query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]) {
      own ??= connect('test database')
      const client = await own
      const result: pg.QueryResult<Row> | pg.QueryResult<Row>[] = await (values === undefined
        ? client.query<Row>(sql)
        : client.query<Row>(sql, [...values]))
      return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? []
    },
    async drop() {
      await Promise.all(clients.map((client) => client.end().catch(() => {})))
      await asAdmin(home, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`)
    },
  }
}

/** A database for the time of `act`. */
export async function withDatabase<Result>(
  options: DatabaseOptions,
  act: (database: TestDatabase) => Promise<Result>,
): Promise<Result> {
  const database = await createDatabase(options)
  try {
    return await act(database)
  } finally {
    await database.drop()
  }
}

async function asAdmin(home: Server, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: home.adminUrl, application_name: 'test admin' })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
