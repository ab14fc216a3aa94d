import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Contender, median, printTable, runOnce, runs } from './contender.ts'
import { countRoundTrips } from './round-trips.ts'
import { execute, recreate, startBenchServer } from './server.ts'

const cli = join(import.meta.dirname, '../../dist/cli.js')

/** Tables of each database, and CHECK constraints of each table. */
const sizes = [
  [5, 10],
  [2000, 10],
] as const

/** The same deployment into a small and a big database: what grows is time, never the number of queries. */
async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pg-airlock-bench-'))
  const server = await startBenchServer()
  const relay = await countRoundTrips(server)
  try {
    writeMigrations(folder)
    const rows: string[][] = []
    for (const [tables, constraints] of sizes) {
      const database = `big_${tables}`
      const contender = (port: number): Contender => ({
        name: 'pg-airlock',
        command: process.execPath,
        args: [cli, 'deploy', '--summary', 'summary.md', '--report', 'report.json'],
        cwd: folder,
        env: {
          DATABASE_URL: `postgresql://postgres:${server.password}@127.0.0.1:${port}/${database}`,
        },
      })
      const seconds: number[] = []
      for (let run = 0; run < runs; run++) {
        await recreate(server, database)
        await execute(server, database, schema(tables, constraints))
        seconds.push((await runOnce(contender(server.port))).seconds)
      }
      await recreate(server, database)
      await execute(server, database, schema(tables, constraints))
      relay.take()
      await runOnce(contender(relay.port))
      const trips = relay.take()
      const size = (name: string) => `${Math.ceil(statSync(join(folder, name)).size / 1024)} kB`
      const { checks } = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as {
        checks: readonly unknown[]
      }
      rows.push([
        `${tables} tables, ${tables * constraints} constraints`,
        median(seconds).toFixed(2),
        String(trips),
        String(checks.length),
        size('summary.md'),
        size('report.json'),
      ])
    }
    console.log(`\nOne migration, PostgreSQL ${server.major}, median of ${runs} runs\n`)
    printTable([['', 'seconds', 'round trips', 'checks', 'summary', 'report'], ...rows])
  } finally {
    relay.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function schema(tables: number, constraints: number): string {
  return `do $$ begin
  for t in 1..${tables} loop
    execute format('create table t%s (id bigint primary key, n integer not null, %s)', t, (
      select string_agg(format('constraint t%s_c%s check (n > -%s)', t, c, c), ', ') from generate_series(1, ${constraints}) as c));
  end loop;
end $$`
}

function writeMigrations(folder: string): void {
  mkdirSync(join(folder, 'migrations'))
  writeFileSync(
    join(folder, 'migrations/1_limit.sql'),
    'ALTER TABLE t1 ADD CONSTRAINT t1_below CHECK (n < 1000000);\n',
  )
}

await main()
