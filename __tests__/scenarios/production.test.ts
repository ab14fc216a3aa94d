import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import pg from 'pg'
import { type Application, startApplication } from '../../scripts/demo/application.ts'
import { type EmbeddedServer, startServer } from '../../scripts/embedded.ts'
import { generateData } from '../../scripts/generate-data.ts'
import { describeDumps } from '../backup/client.ts'
import { type ActionResult, project, runAction } from '../support/program.ts'
import { recipeWorkspace, type Workspace } from '../support/workspace.ts'

const password = 'pr0duction s3cret'

describeDumps(
  'the runbook of the recipe application, carried out on a server that archives its WAL',
  ({ major }) => {
    let server: EmbeddedServer
    let application: Application
    let workspace: Workspace
    let archive: string
    let plan: ActionResult
    let run: ActionResult
    let environment: Record<string, string>

    const on = async (database: string, statements: readonly string[]) => {
      const client = new pg.Client({ connectionString: server.url(database) })
      await client.connect()
      try {
        for (const statement of statements) await client.query(statement)
      } finally {
        await client.end()
      }
    }

    beforeAll(async () => {
      archive = mkdtempSync(join(tmpdir(), 'airlock-archive-'))
      chmodSync(archive, 0o777)
      server = await startServer({
        major,
        settings: {
          wal_level: 'replica',
          archive_mode: 'on',
          archive_command: `cp %p '${archive}/%f'`,
          shared_preload_libraries: 'pg_stat_statements',
        },
      })
      await on('postgres', [
        'CREATE DATABASE staging',
        'CREATE DATABASE production',
        `CREATE ROLE deployer SUPERUSER LOGIN PASSWORD '${password}'`,
      ])
      const schema = readFileSync(join(project, 'docs/db/schema.sql'), 'utf8')
      const extensions =
        'CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION citext; CREATE EXTENSION pg_stat_statements'
      await on('staging', [schema, extensions])
      await on('production', [schema, extensions, ...generateData(4000)])
      application = await startApplication(server.url('production'))

      workspace = recipeWorkspace()
      const log = join(workspace.folder, 'error.log')
      writeFileSync(log, 'ERROR: database is slow (before the deployment)\n')
      mkdirSync(join(workspace.folder, 'docs/db'), { recursive: true })
      workspace.write(
        'docs/db/observability.sql',
        readFileSync(join(project, 'docs/db/observability.sql'), 'utf8'),
      )
      // The repository's own runbook; only the place of the log and the time of observation are another's.
      const runbook = readFileSync(join(project, 'airlock.yml'), 'utf8')
      workspace.write(
        'airlock.yml',
        runbook
          .replace('/var/log/app/error.log', log)
          .replace('observe-for: 5min', 'observe-for: 2s'),
      )
      const url = (database: string) => {
        const given = new URL(server.url(database))
        given.username = 'deployer'
        given.password = encodeURIComponent(password)
        return given.href
      }
      environment = {
        PRODUCTION_URL: url('production'),
        STAGING_URL: url('staging'),
        APP_URL: application.url,
        AIRLOCK_APPROVED_BY: 'hubot',
      }
      plan = await runAction(
        { command: 'plan', target: 'production' },
        { cwd: workspace.folder, env: environment },
      )
      run = await runAction(
        { target: 'production', 'plan-digest': plan.outputs['plan-digest'] ?? '' },
        { cwd: workspace.folder, env: environment },
      )
    }, 120_000)
    afterAll(async () => {
      await application?.stop()
      workspace?.dispose()
      await server?.stop()
      rmSync(archive, { recursive: true, force: true })
    })

    test('the plan has every gate open, and a digest', () => {
      expect({ code: plan.code, stderr: plan.stderr }).toEqual({ code: 0, stderr: '' })
      expect(plan.report.checks.filter(({ outcome }) => outcome === 'failed')).toEqual([])
      expect(plan.outputs['plan-digest']).toMatch(/^airlock1\./)
      expect(plan.report.planDigest).toBe(run.report.planDigest)
    })

    test('the deployment that was approved is carried out', () => {
      expect({ code: run.code, stderr: run.stderr, error: run.report.error }).toEqual({
        code: 0,
        stderr: '',
        error: null,
      })
      const outcomes = new Map(run.report.checks.map(({ id, outcome }) => [id, outcome]))
      for (const id of [
        'server.version',
        'extensions.installed',
        'extensions.staging',
        'privileges.role',
        'server.timeouts',
        'data.foreign-key',
        'data.unique',
        'risk.room',
        'approval.plan-digest',
      ]) {
        expect([id, outcomes.get(id)]).toEqual([id, 'passed'])
      }
    })

    test('the backup is there, holds the tables of the plan, and its hash is an output', () => {
      const { backup } = run.report
      expect(backup).toMatchObject({ kind: 'pg_dump', outcome: 'passed' })
      expect(run.outputs['backup-sha256']).toMatch(/^[0-9a-f]{64}$/)
      expect(run.outputs['backup-path']).toMatch(/^backups\/prod_backup_\d{8}_\d{6}\.dump$/)
      expect(readdirSync(join(workspace.folder, 'backups'))).toHaveLength(1)
    })

    test('the restore point is named, and its WAL archived or known not to be yet', () => {
      const { restorePoint } = run.report
      expect(restorePoint?.name).toMatch(/^pre_fix_batch_production_\d{8}_\d{6}$/)
      expect(restorePoint?.outcome).toBe('passed')
      expect(restorePoint?.archive).toMatch(/archived/)
    })

    test('every success criterion is met by evidence; performance is judged, whatever two seconds of one machine say', () => {
      const judged = run.report.criteria.map(({ id, outcome, actual }) => [id, outcome, actual])
      expect(judged.slice(0, 2)).toEqual([
        ['constraints', 'passed', '11 of 11'],
        ['indexes', 'passed', '9 of 9'],
      ])
      const performance = run.report.criteria.find(({ id }) => id === 'performance')
      expect(performance?.reason ?? '').not.toMatch(/not installed|no interval/)
      const others = run.report.criteria.filter(({ id }) => id !== 'performance')
      expect(others.map(({ id, outcome }) => [id, outcome])).toEqual([
        ['constraints', 'passed'],
        ['indexes', 'passed'],
        ['row-counts', 'passed'],
        ['application-errors', 'passed'],
        ['lock-waits', 'passed'],
        ['smoke-tests', 'passed'],
      ])
    })

    test('the summary holds every section of the runbook, filled', () => {
      for (const text of [
        // 1 to 5 of Pre-Deployment
        'PostgreSQL version',
        'pg_trgm',
        'uuid-ossp',
        'citext',
        'deployer',
        'backups/prod_backup_',
        'pre_fix_batch_production_',
        'lock_timeout',
        'statement_timeout',
        // Deployment Steps
        'RecipeItem_recipeId_ingredientId_key',
        'Company_ownerId_fkey',
        'recipe_selling_price_positive',
        'idx_recipe_name_trgm',
        'unmapped',
        'sync_recipe_category_trigger',
        // Post-Deployment Verification
        'Recipe, last updated',
        'the list of recipes',
        'the dashboard',
        // Success Criteria and the foot
        '[x] All constraints created and VALID',
        '[x] All indexes created and VALID',
        '[x] Row counts unchanged',
        '[x] No application errors',
        '[x] No increased lock waits',
        '[x] All smoke tests pass',
        'octocat',
        'hubot',
      ]) {
        expect([text, run.summary.includes(text)]).toEqual([text, true])
      }
    })

    test('the password is in none of it', () => {
      const told = run.stdout.replaceAll(/^::add-mask::.*$/gm, '')
      const all = [told, run.summary, JSON.stringify(run.report), plan.summary].join()
      expect(all).not.toContain(password)
      expect(all).not.toContain(encodeURIComponent(password))
    })

    test('the same approval again has nothing to do, and says that it expected more', async () => {
      const again = await runAction(
        { target: 'production', 'plan-digest': plan.outputs['plan-digest'] ?? '' },
        { cwd: workspace.folder, env: environment },
      )
      expect({ code: again.code, outcome: again.report.outcome }).toEqual({
        code: 0,
        outcome: 'nothing-to-do',
      })
      expect(again.report.warnings.join()).toMatch(/approved/)
    })
  },
)
