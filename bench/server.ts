import pg from 'pg'
import { type EmbeddedServer, installedMajors, startServer } from '../scripts/embedded.ts'

/** A server of the newest major that is installed, or of BENCH_MAJOR. */
export async function startBenchServer(): Promise<EmbeddedServer> {
  const major = Number(process.env.BENCH_MAJOR ?? Math.max(...installedMajors()))
  return startServer({ major })
}

/** Makes a database anew, empty. */
export async function recreate(server: EmbeddedServer, name: string): Promise<void> {
  const quoted = pg.escapeIdentifier(name)
  await execute(server, 'postgres', `DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`)
  await execute(server, 'postgres', `CREATE DATABASE ${quoted} TEMPLATE template0`)
}

export async function execute(
  server: EmbeddedServer,
  database: string,
  sql: string,
): Promise<void> {
  const client = new pg.Client({ connectionString: server.url(database) })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
