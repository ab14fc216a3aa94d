import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { argv, env, execPath } from 'node:process'
import pg from 'pg'
import { type Application, startApplication } from './demo/application.ts'
import { type EmbeddedServer, installedMajors, startServer } from './embedded.ts'
import { generateData } from './generate-data.ts'

const root = join(import.meta.dirname, '../..')
const output = join(root, 'build/demo')
const database = 'recipes'
const rows = 100_000

/** A check that is violated by what the file itself computes, so that no look at the data can foresee it; after an index that no transaction can take back. */
const failingMigration = `-- airlock: expect_duration="a moment" lock_impact="Low"

-- The index is built outside a transaction: when the constraint below fails, Postgres leaves it behind, and pg-airlock removes it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_recipe_yield
  ON "Recipe" ("companyId", "yieldQuantity");

ALTER TABLE "Recipe" ADD COLUMN "batches" integer;
UPDATE "Recipe" SET "batches" = ceil("yieldQuantity" / 4);
ALTER TABLE "Recipe"
  ADD CONSTRAINT recipe_three_batches_at_most CHECK ("batches" <= 3);
`

/** Valid SQL that does what it says, and the application reads "name". */
const breakingMigration = `-- airlock: expect_duration="a moment" lock_impact="Low"

ALTER TABLE "Recipe" RENAME COLUMN "name" TO "title";
`

let server: EmbeddedServer | undefined
let application: Application | undefined
let running: ChildProcess | undefined
let interrupted = false

async function main(): Promise<number> {
  const started = Date.now()
  if (!existsSync(join(root, 'dist/cli.js'))) {
    console.error('dist/cli.js is missing. Run "npm run package" first.')
    return 1
  }
  const major = installedMajors().at(-1)
  if (major === undefined) {
    console.error(
      'No embedded PostgreSQL is installed for this machine. Run "npm ci" without --omit=optional.',
    )
    return 1
  }
  rmSync(output, { recursive: true, force: true })
  say(`Starting PostgreSQL ${major} …`)
  server = await startServer({ major })
  try {
    await load(server)
    application = await startApplication(server.url(database))
    say(`The recipe application answers at ${application.url}`)
    const passed =
      (await showDeployment(server)) &&
      (await showFailure(server)) &&
      (await showBrokenApplication(server))
    say(passed ? `The demo took ${seconds(started)}.` : 'The demo did not go as it should.')
    if (argv.includes('--keep')) await keep(server.url(database), application.url)
    return passed ? 0 : 1
  } finally {
    await application?.stop()
    await server.stop()
    console.log('The server is stopped and its data removed.')
  }
}

async function load(server: EmbeddedServer): Promise<void> {
  say(
    `Loading the recipe application: docs/db/schema.sql and about ${rows.toLocaleString('en')} rows …`,
  )
  await runOn(server.url('postgres'), [`CREATE DATABASE ${database}`])
  const schema = readFileSync(join(root, 'docs/db/schema.sql'), 'utf8')
  await runOn(server.url(database), [schema, ...generateData(rows)])
}

async function showDeployment(server: EmbeddedServer): Promise<boolean> {
  say('Deploying the six migrations of migrations/')
  return deploy(server, 'deployed', join(root, 'migrations'), 'deployed', 0)
}

async function showFailure(server: EmbeddedServer): Promise<boolean> {
  const { migrations, file } = oneMore(
    'rolled-back',
    '20250116090000_limit_recipe_batches.sql',
    failingMigration,
  )
  say(`Deploying one more that fails half way: ${relative(root, file)}`)
  const asExpected = await deploy(server, 'rolled-back', migrations, 'rolled-back', 1)
  const left = await runOn(server.url(database), [
    `SELECT relname FROM pg_class WHERE relname = 'idx_recipe_yield'`,
  ])
  console.log(
    left.length === 0
      ? 'Its index, which no transaction could take back, is gone.'
      : 'Its index was left behind.',
  )
  return asExpected && left.length === 0
}

async function showBrokenApplication(server: EmbeddedServer): Promise<boolean> {
  const { migrations, file } = oneMore(
    'smoke-tested',
    '20250116100000_rename_recipe_name.sql',
    breakingMigration,
  )
  say(`Deploying one that succeeds and breaks the application: ${relative(root, file)}`)
  const asExpected = await deploy(server, 'smoke-tested', migrations, 'rolled-back', 1)
  const works = (await fetch(`${application?.url}/api/recipes`)).ok
  console.log(works ? 'The application works again.' : 'The application does not work.')
  return asExpected && works
}

/** A copy of the migrations with one more file. */
function oneMore(name: string, file: string, text: string): { migrations: string; file: string } {
  const migrations = join(output, name, 'migrations')
  cpSync(join(root, 'migrations'), migrations, { recursive: true })
  writeFileSync(join(migrations, file), text)
  return { migrations, file: join(migrations, file) }
}

/** Runs the built command line as any CI would; true if it ended as it should. */
async function deploy(
  server: EmbeddedServer,
  name: string,
  migrations: string,
  outcome: string,
  exitCode: number,
): Promise<boolean> {
  const folder = join(output, name)
  mkdirSync(folder, { recursive: true })
  const summary = relative(root, join(folder, 'summary.md'))
  const report = relative(root, join(folder, 'report.json'))
  const flags = [
    '--target',
    'demo',
    '--migrations',
    relative(root, migrations),
    '--summary',
    summary,
    '--report',
    report,
  ]
  const address = application?.url ?? ''
  console.log(`$ DATABASE_URL=… DEMO_URL=${address} node dist/cli.js deploy ${flags.join(' ')}\n`)
  const code = await run([join('dist', 'cli.js'), 'deploy', ...flags], {
    ...withoutPostgresVariables(),
    DATABASE_URL: server.url(database),
    DEMO_URL: address,
  })
  console.log(`\nexit code ${code}`)
  console.log(`summary   ${summary}`)
  console.log(`report    ${report}`)
  const actual = outcomeOf(join(root, report))
  if (code === exitCode && actual === outcome) return true
  console.error(
    `Expected were exit code ${exitCode} and outcome ${outcome}; the outcome was ${actual}.`,
  )
  return false
}

function outcomeOf(report: string): string {
  if (!existsSync(report)) return 'not reported'
  return (JSON.parse(readFileSync(report, 'utf8')) as { outcome: string }).outcome
}

/** Somebody's PGSSLMODE or PGOPTIONS is not meant for this server. */
function withoutPostgresVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(PG|DATABASE_URL$|INPUT_)/.test(name)),
  )
}

function run(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number | null> {
  return new Promise((resolve, reject) => {
    running = spawn(execPath, args, { cwd: root, env: environment, stdio: 'inherit' })
    running.once('error', reject)
    running.once('close', (code) => {
      running = undefined
      // The story ends here: `interrupt` has the last word.
      if (!interrupted) resolve(code)
    })
  })
}

async function runOn(url: string, statements: readonly string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'demo' })
  await client.connect()
  try {
    let found: unknown[] = []
    for (const statement of statements) found = (await client.query(statement)).rows
    return found
  } finally {
    await client.end()
  }
}

/** Until Ctrl-C. */
async function keep(url: string, address: string): Promise<void> {
  say('The server and the application stay up until Ctrl-C:')
  console.log(url)
  console.log(`${address}/dashboard/recipes`)
  await new Promise((resolve) => setInterval(resolve, 2 ** 30))
}

/**
 * A deployment under way cancels itself first: a terminal sends it Ctrl-C too, `kill` reaches only us, so the signal is passed on.
 * Then the server goes. Were we killed here, its watchdog would do the same.
 */
async function interrupt(signal: NodeJS.Signals): Promise<void> {
  if (interrupted) return
  interrupted = true
  const child = running
  if (child !== undefined) {
    const passOn = setTimeout(() => child.kill(signal), 500)
    const giveUp = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await new Promise((resolve) => child.once('close', resolve))
    clearTimeout(passOn)
    clearTimeout(giveUp)
  }
  await application?.stop()
  await server?.kill()
  console.log('\nInterrupted. The server is stopped and its data removed.')
  process.exit(130)
}

function say(text: string): void {
  console.log(`\n▸ ${text}`)
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void interrupt(signal))
process.exitCode = await main()
