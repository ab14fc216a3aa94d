import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { project, runAction, runCli } from '../support/program.ts'
import { type Workspace, workspaceOf } from '../support/workspace.ts'

describe('airlock.yml with its sections', () => {
  let database: TestDatabase
  let workspace: Workspace

  beforeAll(async () => {
    database = await createDatabase()
    workspace = workspaceOf({
      'migrations/1_a.sql': 'create table a (id int primary key);\n',
      'airlock.yml': [
        'contacts: { On-call: Ann }',
        'targets:',
        '  production:',
        `    database-url: \${PRODUCTION_URL}`,
        `    preflight: { version: "10 - 13", replica-url: "postgres://me:\${REPLICA_PASSWORD}@replica/app" }`,
        '',
      ].join('\n'),
    })
  })
  afterAll(async () => {
    workspace.dispose()
    await database.drop()
  })

  test('gate a deployment, are masked, and say whom to call and who approved', async () => {
    const run = await runAction(
      { target: 'production' },
      {
        cwd: workspace.folder,
        env: {
          PRODUCTION_URL: database.url,
          REPLICA_PASSWORD: 'l1ght s3cret',
          AIRLOCK_APPROVED_BY: 'hubot',
        },
      },
    )
    expect(run.code).toBe(1)
    expect(run.report).toMatchObject({
      outcome: 'refused',
      contacts: [{ role: 'On-call', contact: 'Ann' }],
      origin: { who: 'octocat', approvedBy: 'hubot' },
    })
    expect(run.report.checks.find(({ id }) => id === 'server.version')?.outcome).toBe('failed')
    expect(run.stdout).toContain('::add-mask::l1ght s3cret')
    const told = run.stdout.replaceAll(/^::add-mask::.*$/gm, '')
    expect([told, run.summary, JSON.stringify(run.report)].join()).not.toContain('s3cret')
  })

  test('are refused at their place before anything connects', async () => {
    const other = workspaceOf({
      'migrations/1_a.sql': 'select 1;\n',
      'airlock.yml': 'smoke:\n  checks:\n    - name: a\n      htpp: {}\n',
    })
    try {
      const run = await runCli(['deploy', '--database-url', 'postgres://127.0.0.1:1/x'], {
        cwd: other.folder,
      })
      expect(run.code).toBe(2)
      expect(run.stdout).toContain('airlock.yml:4:7')
      expect(run.stdout).toContain('Did you mean "http"?')
    } finally {
      other.dispose()
    }
  })

  test('a check that does not exist is refused at its place', async () => {
    const other = workspaceOf({
      'migrations/1_a.sql': 'select 1;\n',
      'airlock.yml': 'preflight: { checks: { server.versoin: off } }\n',
    })
    try {
      const run = await runCli(['plan'], { cwd: other.folder })
      expect(run.code).toBe(2)
      expect(run.stdout).toContain('airlock.yml:1:40')
      expect(run.stdout).toContain('Did you mean "server.version"?')
    } finally {
      other.dispose()
    }
  })
})

describe('the runbook of this repository', () => {
  test('deploys the example without production’s infrastructure when no target is chosen', async () => {
    const recipe = await createDatabase({ template: 'recipe' })
    try {
      const run = await runCli(['deploy'], { cwd: project, env: { DATABASE_URL: recipe.url } })
      expect(run).toMatchObject({ code: 0, stderr: '' })
    } finally {
      await recipe.drop()
    }
  })

  test('is planned without any secret', async () => {
    const run = await runCli(['plan'], { cwd: project })
    expect(run).toMatchObject({ code: 0, stderr: '' })
  })

  test('names the secrets that production lacks', async () => {
    const env = {
      PRODUCTION_URL: 'postgres://127.0.0.1:1/x',
      STAGING_URL: 'postgres://127.0.0.1:1/y',
    }
    const run = await runCli(['deploy', '--target', 'production'], { cwd: project, env })
    expect(run.code).toBe(2)
    expect(run.stdout).toMatch(/airlock\.yml:\d+:\d+/)
    expect(run.stdout).toContain('The environment variable APP_URL is not set')
  })
})
