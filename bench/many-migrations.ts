import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EmbeddedServer } from '../scripts/embedded.ts'
import { type Contender, median, printTable, runOnce, runs } from './contender.ts'
import { type CountingRelay, countRoundTrips } from './round-trips.ts'
import { recreate, startBenchServer } from './server.ts'
import { type SmallMigrations, writeSmallMigrations } from './small-migrations.ts'

const cli = join(import.meta.dirname, '../../dist/cli.js')
const database = 'bench'

/** A contender against the server at a port, which may be the relay's. */
type Entry = (port: number) => Contender

/** 200 small migrations into an empty database, and the same command once more with nothing left to do. */
async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pg-airlock-bench-'))
  const server = await startBenchServer()
  const relay = await countRoundTrips(server)
  try {
    const migrations = writeSmallMigrations(folder, Number(process.env.BENCH_MIGRATIONS ?? 200))
    const entries = contenders(server, migrations, folder)
    const seconds = entries.map((): number[] => [])
    const again = entries.map((): number[] => [])
    for (let run = 0; run < runs; run++) {
      // In turn, so that a machine that gets slower gets slower for all.
      for (const [index, entry] of entries.entries()) {
        const contender = entry(server.port)
        await recreate(server, database)
        seconds[index]?.push((await runOnce(contender)).seconds)
        if (isRepeatable(contender)) again[index]?.push((await runOnce(contender)).seconds)
      }
    }
    const rows: string[][] = []
    for (const [index, entry] of entries.entries()) {
      const trips = await tripsOf(server, relay, entry)
      rows.push(rowOf(entry(0).name, migrations.count, seconds[index], again[index], trips))
    }
    console.log(
      `\n${migrations.count} migrations, PostgreSQL ${server.major}, median of ${runs} runs\n`,
    )
    printTable([
      ['', 'seconds', 'ms each', 'round trips', 'each', 'nothing to do', 'round trips'],
      ...rows,
    ])
  } finally {
    relay.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const isRepeatable = ({ name }: Contender) => !name.startsWith('psql')

interface Trips {
  readonly deploy: number
  readonly again: number | null
}

/** Counted in a run of its own: the relay costs time. */
async function tripsOf(server: EmbeddedServer, relay: CountingRelay, entry: Entry): Promise<Trips> {
  const contender = entry(relay.port)
  await recreate(server, database)
  relay.take()
  await runOnce(contender)
  const deploy = relay.take()
  if (!isRepeatable(contender)) return { deploy, again: null }
  await runOnce(contender)
  return { deploy, again: relay.take() }
}

function rowOf(
  name: string,
  count: number,
  seconds: readonly number[] = [],
  again: readonly number[] = [],
  trips: Trips,
): string[] {
  const total = median(seconds)
  return [
    name,
    total.toFixed(2),
    ((total * 1000) / count).toFixed(1),
    String(trips.deploy),
    (trips.deploy / count).toFixed(1),
    again.length === 0 ? '' : median(again).toFixed(2),
    trips.again === null ? '' : String(trips.again),
  ]
}

function contenders(server: EmbeddedServer, migrations: SmallMigrations, folder: string): Entry[] {
  const url = (port: number) => {
    const whole = new URL(server.url(database))
    whole.port = String(port)
    whole.searchParams.set('sslmode', 'disable')
    return whole.href
  }
  const ours: Entry = (port) => ({
    name: 'pg-airlock',
    command: process.execPath,
    args: [cli, 'deploy'],
    cwd: migrations.folder,
    env: { DATABASE_URL: url(port) },
  })
  return [ours, ...dbmate(url, migrations), ...psql(url, migrations, folder)]
}

function dbmate(url: (port: number) => string, { dbmateFolder }: SmallMigrations): Entry[] {
  const path = process.env.DBMATE
  if (path === undefined || path === '') {
    console.log('dbmate was not run: name its binary in the environment variable DBMATE.')
    return []
  }
  return [
    (port) => ({
      name: 'dbmate',
      command: path,
      args: ['--no-dump-schema', '--migrations-dir', dbmateFolder, 'up'],
      env: { DATABASE_URL: url(port) },
    }),
  ]
}

function psql(url: (port: number) => string, { files }: SmallMigrations, folder: string): Entry[] {
  const path = process.env.PSQL || 'psql'
  if (spawnSync(path, ['--version']).status !== 0) {
    console.log('psql was not run: name its binary in the environment variable PSQL.')
    return []
  }
  const options = ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1']
  const whole = join(folder, 'all.sql')
  const onceEach = join(folder, 'each.sh')
  writeFileSync(whole, files.map((file) => `BEGIN;\n\\i ${file}\nCOMMIT;\n`).join(''))
  writeFileSync(
    onceEach,
    ['set -e', ...files.map((file) => `"$@" --single-transaction --file='${file}'`)].join('\n'),
  )
  return [
    (port) => ({
      name: 'psql, one session',
      command: path,
      args: [...options, `--file=${whole}`, url(port)],
    }),
    (port) => ({
      name: 'psql once per file',
      command: 'sh',
      args: [onceEach, path, ...options, `--dbname=${url(port)}`],
    }),
  ]
}

await main()
