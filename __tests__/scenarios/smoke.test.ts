import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Report } from '../../src/report/types.ts'
import { type Application, withApplication } from '../support/application.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { type ActionResult, runAction } from '../support/program.ts'
import { type Workspace, workspaceOf } from '../support/workspace.ts'
import { readCatalog } from './catalog.ts'

const runbook = `targets:
  production:
    smoke:
      warm-up: WARM-UP
      pause: 100ms
      attempts: 2
      checks:
        - name: the list of recipes
          http:
            url: \${APP_URL}/api/recipes
            headers: { authorization: "Bearer \${APP_TOKEN}" }
            json: { length: "> 0", "[0].name": Bread }
        - name: recipes by SQL
          sql: SELECT count(*) AS n FROM recipe
          expect: n = 1
`

/** Leaves the time to take the application down while it runs. */
const slow = 'select pg_sleep(1); alter table recipe add column note text;'

let database: TestDatabase
let workspace: Workspace

beforeEach(async () => {
  database = await createDatabase()
  await database.query(`create table recipe (name text); insert into recipe values ('Bread')`)
})
afterEach(async () => {
  workspace.dispose()
  await database.drop()
})

async function deploy(
  application: Application,
  sql: string,
  options: {
    warmUp?: string
    onOutput?: (stdout: string, end: (signal: NodeJS.Signals) => void) => void
  } = {},
): Promise<ActionResult> {
  workspace = workspaceOf({
    'airlock.yml': runbook.replace('WARM-UP', options.warmUp ?? '30s'),
    'migrations/1_change.sql': sql,
  })
  return runAction(
    { 'database-url': database.url, target: 'production' },
    {
      cwd: workspace.folder,
      env: { APP_URL: application.url, APP_TOKEN: 't0ken-of-the-app' },
      started: (child) => {
        let stdout = ''
        child.stdout?.on('data', (text: string) => {
          stdout += text
          options.onOutput?.(stdout, (signal) => child.kill(signal))
        })
      },
    },
  )
}

/** Answers out of the database to whom it may; what the database refuses is a 500 that echoes the header. */
const recipeApplication = <Result>(act: (application: Application) => Promise<Result>) =>
  withApplication(async ({ headers }, response) => {
    const allowed = headers.authorization === 'Bearer t0ken-of-the-app'
    try {
      const rows = await database.query('select name from recipe')
      response.writeHead(allowed ? 200 : 401).end(JSON.stringify(rows))
    } catch (error) {
      response.writeHead(500).end(`${error} for ${headers.authorization}`)
    }
  }, act)

const outcomes = ({ smoke }: Report) => smoke.map(({ when, outcome }) => `${when}: ${outcome}`)

test('a migration that the application can’t live with is undone, and no secret of the tests is told', async () => {
  await recipeApplication(async (application) => {
    const before = await readCatalog(database)
    const result = await deploy(application, 'alter table recipe rename column name to title;')
    expect(result.code).toBe(1)
    expect(result.report.outcome).toBe('rolled-back')
    expect(result.report.fingerprint).toMatchObject({ equal: true })
    expect(await readCatalog(database)).toEqual(before)
    expect(outcomes(result.report)).toEqual([
      'before: passed',
      'before: passed',
      'after-migration: failed',
      'after-migration: not-checked',
    ])
    expect(result.report.error?.message).toMatch(/found status 500: .*column "name" does not exist/)
    const told = result.stdout + result.stderr + result.summary + JSON.stringify(result.report)
    // The runner is told what it has to mask.
    expect(told.replace(/^::add-mask::.*$/gm, '')).not.toContain('t0ken-of-the-app')
  })
})

test('an application that refuses connections for ten seconds after the deployment, and then works: deployed', async () => {
  await recipeApplication(async (application) => {
    let down = false
    const result = await deploy(application, slow, {
      onOutput(stdout) {
        if (down || !stdout.includes('[1/1] 1 change')) return
        down = true
        void application.stop()
        setTimeout(() => void application.start(), 10_000)
      },
    })
    expect(result.report.error).toBeNull()
    expect(result.report.outcome).toBe('deployed')
    const after = result.report.smoke.find(({ when }) => when === 'after-migration')
    expect(after?.outcome).toBe('passed')
    expect(after?.connectionErrors).toBeGreaterThan(20)
  })
}, 30_000)

test('SIGTERM during a long warm-up: the migration is undone, and the run ends soon', async () => {
  await recipeApplication(async (application) => {
    let stoppedAt = 0
    const result = await deploy(application, slow, {
      warmUp: '10min',
      onOutput(stdout, end) {
        if (stdout.includes('[1/1] 1 change')) void application.stop()
        if (stoppedAt > 0 || !stdout.includes('connection refused')) return
        stoppedAt = Date.now()
        end('SIGTERM')
      },
    })
    expect(Date.now() - stoppedAt).toBeLessThan(5_000)
    expect(result.code).toBe(130)
    expect(result.report.outcome).toBe('cancelled')
    expect(result.report.migrations[0]?.rollback).toMatchObject({ outcome: 'restored' })
  })
}, 30_000)

test('killed during the warm-up: the next run asks the smoke tests again before the migration counts as verified', async () => {
  await recipeApplication(async (application) => {
    const killed = await deploy(application, slow, {
      onOutput(stdout, end) {
        if (stdout.includes('[1/1] 1 change')) void application.stop()
        if (stdout.includes('connection refused')) end('SIGKILL')
      },
    })
    expect(killed.signal).toBe('SIGKILL')
    const states = () => database.query('select state from airlock.migrations')
    expect(await states()).toEqual([{ state: 'applied' }])
    workspace.dispose()
    await application.start()
    const again = await deploy(application, slow)
    expect(again.report.outcome).toBe('deployed')
    expect(outcomes(again.report)).toEqual(['after-migration: passed', 'after-migration: passed'])
    expect(again.report.warnings).toContainEqual(expect.stringContaining('smoke tests'))
    expect(await states()).toEqual([{ state: 'verified' }])
  })
}, 30_000)
