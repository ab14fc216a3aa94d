import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type EmbeddedServer, startServer } from '../../scripts/embedded.ts'
import { restorePointName } from '../../src/backup/restore-point-name.ts'
import { archiveStateOf, type WalArchive } from '../../src/backup/wal-archive.ts'
import { nextSteps } from '../../src/commands/next-steps.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import { restorePointSchema } from '../../src/runbook/gates/backup.ts'
import { oldestAndNewest, servers, withDatabase } from '../support/database.ts'
import { deployFiles, type EngineResult, endingOf, runEngine } from '../support/engine.ts'

const files = { '1_note': 'create table bread (id int)' }

const checkOf = ({ report }: EngineResult) =>
  report.checks.find(({ id }) => id === 'restore-point.made')

describe('where WAL is archived', () => {
  const major = servers().at(-1)?.major ?? 0
  const archive = join(mkdtempSync(join(tmpdir(), 'airlock-wal-')), 'archive')
  let own: EmbeddedServer

  const ask = async (statements: string, database = 'postgres') => {
    const config = resolveConnection({ url: own.url(database), env: {} })
    const session = await connect(config, { name: 'test', applicationName: 'test' })
    await session.simple(statements)
    await session.close()
  }

  beforeAll(async () => {
    mkdirSync(archive, { mode: 0o777 })
    chmodSync(archive, 0o777)
    chmodSync(join(archive, '..'), 0o755)
    own = await startServer({
      major,
      settings: {
        archive_mode: 'on',
        archive_command: `(while test -f ${archive}/hold; do sleep 0.1; done) && cp %p ${archive}/%f`,
        wal_level: 'replica',
      },
    })
  }, 60_000)
  afterAll(async () => {
    await own.stop()
    rmSync(join(archive, '..'), { recursive: true, force: true })
  })

  test('it is made, its segment is archived by the end of the run, report and journal say so', async () => {
    const database = { url: own.url('postgres') }
    const result = await runEngine(database, 'deploy', {
      files,
      gates: { 'restore-point': { name: 'pre_{target}_{date}', 'switch-wal': true } },
    })
    expect(endingOf(result)).toBe('deployed 0')
    const { restorePoint } = result.report
    expect(restorePoint).toMatchObject({ outcome: 'passed', archive: 'archived', switched: true })
    expect(restorePoint?.name).toMatch(/^pre_postgres_\d{8}_\d{6}$/)
    expect(restorePoint?.lsn).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/)
    expect(readdirSync(archive)).toContain(restorePoint?.walFile)
    expect(checkOf(result)).toMatchObject({ outcome: 'passed' })
    // The name is in the WAL as it was given.
    expect(own.log()).toContain(`restore point "${restorePoint?.name}" created`)
  })

  test('a role that may make it and not switch WAL is told the GRANT, and where to recover to', async () => {
    await ask('create database point')
    await ask(
      `create role pointer login password 'secret'; grant create on database point to pointer; grant create on schema public to pointer;
       grant execute on function pg_catalog.pg_create_restore_point(text) to pointer`,
      'point',
    )
    const url = new URL(own.url('point'))
    Object.assign(url, { username: 'pointer', password: 'secret' })
    const act = (command: 'plan' | 'deploy', severity: string) =>
      runEngine({ url: url.href }, command, {
        files: { '1_point': 'create table point (id int)' },
        gates: { 'restore-point': { 'switch-wal': true, 'if-impossible': severity } },
      })
    const grant = 'GRANT EXECUTE ON FUNCTION pg_catalog.pg_switch_wal()'
    for (const [command, severity] of [
      ['plan', 'warn'],
      ['deploy', 'fail'],
    ] as const) {
      const result = await act(command, severity)
      expect(result.report.restorePoint?.lsn).toBeNull()
      expect(checkOf(result)?.fix).toContain(grant)
    }
    const result = await act('deploy', 'warn')
    expect(endingOf(result)).toBe('deployed 0')
    expect(result.report.restorePoint).toMatchObject({
      lsn: expect.stringMatching('/'),
      switched: false,
      outcome: 'warned',
      reason: expect.stringContaining('WAL was not switched'),
    })
    expect(checkOf(result)).toMatchObject({
      actual: expect.stringMatching(/^made at /),
      fix: expect.stringContaining(grant),
    })
  })

  test('a run that was asked to stop doesn’t wait for the archive', async () => {
    await ask('create database waiting')
    writeFileSync(join(archive, 'hold'), '')
    try {
      let stoppedAt = 0
      const result = await runEngine({ url: own.url('waiting') }, 'deploy', {
        files: {
          '1_wait': 'create table wait (id int)',
          '2_wait': 'create table wait_more (id int)',
        },
        gates: { 'restore-point': { 'switch-wal': true } },
        on: (event, stop) => {
          if (event.type !== 'migration-finished') return
          stoppedAt = Date.now()
          stop()
        },
      })
      expect([result.report.outcome, result.report.restorePoint?.switched]).toEqual([
        'cancelled',
        true,
      ])
      expect(Date.now() - stoppedAt).toBeLessThan(5_000)
    } finally {
      rmSync(join(archive, 'hold'))
    }
  })

  test('without a switch it is not yet archived, and a failed run prints the recovery target', async () => {
    const result = await runEngine({ url: own.url('postgres') }, 'deploy', {
      files: { ...files, '2_fails': 'select 1/0' },
      gates: { 'restore-point': {} },
    })
    const { restorePoint } = result.report
    expect(restorePoint).toMatchObject({ outcome: 'passed', archive: 'not yet archived' })
    expect(restorePoint?.name).toContain(result.report.runId)
    expect(nextSteps(result.report).at(-1)).toMatch(
      new RegExp(
        `recovery_target_name = '${restorePoint?.name}' \\(or recovery_target_lsn = '${restorePoint?.lsn}'.*recovery_target_timeline = '1', up to WAL file ${restorePoint?.walFile}`,
      ),
    )
  })
})

describe.each(oldestAndNewest())('PostgreSQL $major: where WAL is not archived', ({ major }) => {
  const withPoint = (severity: string, act: (result: EngineResult) => void) =>
    withDatabase({ major }, async (database) => {
      act(
        await deployFiles(database, {
          files,
          gates: { 'restore-point': { 'if-impossible': severity } },
        }),
      )
    })

  test('warn: it is made all the same, and warned about', () =>
    withPoint('warn', (result) => {
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.report.restorePoint).toMatchObject({
        outcome: 'warned',
        archive: 'archiving is off',
        lsn: expect.stringMatching('/'),
        walFile: expect.stringMatching(/^[0-9A-F]{24}$/),
      })
      expect(checkOf(result)?.fix).toMatch(/WAL archiving/)
    }))

  test('fail: refused', () =>
    withPoint('fail', (result) => {
      expect(endingOf(result)).toMatch(/^refused 1: Restore point: .*archiving is off/)
      expect(result.report.restorePoint?.lsn).toBeNull()
    }))

  test('off: not made, not checked', () =>
    withPoint('off', (result) => {
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.report.restorePoint).toMatchObject({ outcome: 'not-checked', lsn: null })
    }))

  test('a role that may not make one is told the GRANT, and with it may', () =>
    withDatabase({ major }, async (database) => {
      const role = `point_${process.pid}_${major}`
      await database.query(
        `create role ${role} login password 'secret'; grant create on database "${database.name}" to ${role}; grant create on schema public to ${role}`,
      )
      const url = new URL(database.url)
      url.username = role
      url.password = 'secret'
      const options = {
        url: url.href,
        files,
        gates: { 'restore-point': { 'if-impossible': 'fail' } },
      }
      try {
        const refused = await deployFiles(database, options)
        expect(endingOf(refused)).toMatch(/^refused 1/)
        expect(checkOf(refused)?.fix).toMatch(
          'GRANT EXECUTE ON FUNCTION pg_catalog.pg_create_restore_point(text)',
        )
        await database.query(
          `grant execute on function pg_catalog.pg_create_restore_point(text) to ${role}`,
        )
        const gates = { 'restore-point': { 'if-impossible': 'warn' } }
        const made = await deployFiles(database, { ...options, gates })
        expect(made.report.restorePoint?.lsn).toMatch('/')
      } finally {
        await database.query(`drop owned by ${role} cascade; drop role ${role}`)
      }
    }))
})

test('plan says whether it could be made, and makes none', () =>
  withDatabase({}, async (database) => {
    const gates = { 'restore-point': {} }
    const result = await runEngine(database, 'plan', { files, gates })
    expect(result.report.restorePoint).toMatchObject({ lsn: null, outcome: 'warned' })
  }))

describe('the name of a restore point', () => {
  const values = { target: 'shop', date: '20250115_120000', run: '0123456789abcdef', commit: 'c' }

  test('is the template filled in, at most 63 bytes, the same for the same values only', () => {
    expect(restorePointName('pre_{target}_{date}', values).name).toBe('pre_shop_20250115_120000')
    expect(restorePointName("{target}'", { ...values, target: "a/../ü '$x" }).name).toBe(
      "a_.._ü___x'",
    )
    const target = 'ü'.repeat(60)
    const long = restorePointName('{target}_{run}', { ...values, target })
    expect(long.isShortened).toBe(true)
    expect(Buffer.byteLength(long.name)).toBeLessThanOrEqual(63)
    expect(long.name).toMatch(/^ü+_[0-9a-f]{8}$/)
    expect(restorePointName('{target}_{run}', { ...values, target })).toEqual(long)
    expect(restorePointName('{target}_{run}', { ...values, target, run: 'x' })).not.toEqual(long)
  })

  test('is refused in the configuration where it can’t be unique, is too long, or asks for what is not known', () => {
    const accepts = (name: string) => restorePointSchema.safeParse({ name }).success
    expect(accepts('pre_{date}')).toBe(true)
    expect(accepts('pre_deploy')).toBe(false)
    expect(accepts(`${'x'.repeat(48)}{run}`)).toBe(false)
    expect(accepts('{run}_{branch}')).toBe(false)
  })
})

test('a segment is archived when it, or a later one of its timeline, was archived last', () => {
  const archive: WalArchive = {
    walLevel: 'replica',
    isArchiving: true,
    mayCreate: true,
    maySwitch: true,
    lastArchived: null,
    failing: null,
    failedCount: 0,
  }
  const state = (lastArchived: string | null, more: Partial<WalArchive> = {}) =>
    archiveStateOf({ ...archive, lastArchived, ...more }, '00000001000000000000000A')
  expect(state('000000010000000000000009')).toBe('not yet archived')
  expect(state('00000001000000000000000A')).toBe('archived')
  expect(state('000000010000000100000000')).toBe('archived')
  expect(state('00000001000000000000000A.00000028.backup')).toBe('archived')
  expect(state('00000002.history')).toBe('not yet archived')
  expect(state('000000020000000000000001')).toBe('not yet archived')
  expect(state(null, { failing: '000000010000000000000008', failedCount: 3 })).toMatch(
    /^failing: .*8 /,
  )
  expect(state(null, { isArchiving: false })).toBe('archiving is off')
})
