import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { type EmbeddedServer, installedMajors, startServer } from '../../scripts/embedded.ts'
import { generateData } from '../../scripts/generate-data.ts'
import { recipeTemplate, type Server, serversVariable } from './database.ts'
import { hasPgBouncer } from './pgbouncer.ts'
import { running } from './running.ts'

/** One server a major for the whole run: PG_MAJORS=15,18 picks some, PG_MAJORS=none starts no server (tests of pure code). */
export default async function setUp(): Promise<void> {
  const majors = majorsWanted(process.env.PG_MAJORS)
  const missing = majors.filter((major) => !installedMajors().includes(major))
  if (missing.length > 0) {
    throw new Error(
      `The tests run on PostgreSQL ${majors.join(', ')}, but ${missing.join(', ')} is not installed for this machine. ` +
        'Run "npm ci" (without --omit=optional), or name the majors to test in PG_MAJORS.',
    )
  }
  if (majors.length > 0) {
    tellOfMissingClient()
    tellOfMissingPooler()
  }
  const servers = await Promise.all(majors.map(start))
  process.env[serversVariable] = JSON.stringify(servers)
}

/** npm's binaries are the server's alone. */
function tellOfMissingClient(): void {
  if (spawnSync('pg_dump', ['--version']).status === 0) return
  process.stderr.write(
    'pg_dump is not installed: the tests of backups that are made with it (__tests__/backup/pg-dump, lies) are skipped. ' +
      'Install it with: apt-get install postgresql-client\n',
  )
}

function tellOfMissingPooler(): void {
  if (hasPgBouncer) return
  process.stderr.write(
    'pgbouncer is not installed: the tests behind a real pooler (__tests__/scenarios/pooler) are skipped. ' +
      'Install it with: apt-get install pgbouncer\n',
  )
}

function majorsWanted(text = '14,15,16,17,18'): number[] {
  if (text === 'none') return []
  const majors = text.split(',').map(Number)
  if (majors.some((major) => !Number.isInteger(major) || major < 1)) {
    throw new Error(`PG_MAJORS must be a list like 14,18 or "none", not "${text}"`)
  }
  return majors.toSorted((a, b) => a - b)
}

async function start(major: number): Promise<Server> {
  const server = await startServer({
    major,
    settings: {
      wal_level: 'logical',
      max_connections: '200',
      max_prepared_transactions: '10',
      shared_preload_libraries: '',
      track_counts: 'on',
    },
  })
  running.push(server)
  await makeRecipeTemplate(server)
  const { host, port, user, password } = server
  return { major, host, port, user, password, adminUrl: server.url('postgres') }
}

async function makeRecipeTemplate(server: EmbeddedServer): Promise<void> {
  await runOn(server.url('postgres'), [`CREATE DATABASE ${recipeTemplate}`])
  const schema = readFileSync(join(import.meta.dirname, '../../../docs/db/schema.sql'), 'utf8')
  await runOn(server.url(recipeTemplate), [schema, ...generateData(4000)])
}

async function runOn(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
