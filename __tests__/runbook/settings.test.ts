import { describe, expect, test } from '@jest/globals'
import { Refusal } from '../../src/report/refusal.ts'
import { parseAirlockFile } from '../../src/runbook/airlock-file.ts'
import { resolveSettings, runbookFile } from '../../src/runbook/settings.ts'

type Texts = Readonly<Record<string, string | undefined>>

function resolve(given: Texts, yaml: string | null = null, env: Texts = {}) {
  const airlock = yaml === null ? null : parseAirlockFile('airlock.yml', yaml)
  return resolveSettings({ given, airlock, env })
}

function refusal(given: Texts, yaml: string | null = null, env: Texts = {}): Refusal['parts'] {
  try {
    resolve(given, yaml, env)
  } catch (error) {
    if (error instanceof Refusal) return error.parts
    throw error
  }
  throw new Error('nothing was refused')
}

const TARGETS = [
  'lock-timeout: 3s',
  'database-url: postgres://fallback/db',
  'targets:',
  '  staging:',
  `    database-url: \${STAGING_URL}`,
  '    lock-timeout: 4s',
  '  production:',
  `    database-url: postgres://app:\${PASSWORD}@prod/app`,
].join('\n')

describe('settings', () => {
  test('have the defaults of the contract', () => {
    expect(resolve({})).toEqual({
      command: 'deploy',
      databaseUrl: undefined,
      migrations: 'migrations',
      target: undefined,
      role: undefined,
      to: undefined,
      only: undefined,
      lastRun: false,
      onFailure: 'rollback',
      undo: 'migration',
      outOfOrder: 'refuse',
      failOnWarning: false,
      forbidDeletes: false,
      allowDataLoss: false,
      lockTimeout: 2000,
      statementTimeout: 300_000,
      idleInTransactionTimeout: 600_000,
      concurrentTimeout: 1_800_000,
      blockTimeout: 5000,
      retryTimeout: 120_000,
      runLockTimeout: 60_000,
      planDigest: undefined,
      stagingUrl: undefined,
      report: undefined,
      summary: undefined,
    })
  })

  test('staging-url is filled in like database-url, for the commands that compare', () => {
    const yaml = `staging-url: postgres://me:\${PW}@staging/app`
    const env = { PW: 'x' }
    for (const command of ['plan', 'deploy'])
      expect(resolve({ command }, yaml, env).stagingUrl).toBe('postgres://me:x@staging/app')
    expect(refusal({}, yaml)).toMatchObject({
      what: 'The environment variable PW is not set',
      where: { file: 'airlock.yml', line: 1, column: 14 },
    })
    for (const command of ['verify', 'rollback'])
      expect(resolve({ command }, yaml).stagingUrl).toBeUndefined()
  })

  test('come from the input or flag, else the target, else the file, else the default', () => {
    const env = { STAGING_URL: 'postgres://staging/db' }
    const lock = (given: Texts, yaml: string | null = TARGETS) =>
      resolve(given, yaml, env).lockTimeout
    expect(lock({ target: 'staging', 'lock-timeout': '5s' })).toBe(5000)
    expect(lock({ target: 'staging' })).toBe(4000)
    expect(lock({})).toBe(3000)
    expect(lock({}, null)).toBe(2000)
  })

  test('an empty input is a missing one', () => {
    expect(resolve({ 'lock-timeout': '', command: ' ', target: '' }).lockTimeout).toBe(2000)
  })

  test('the target may be chosen in the file', () => {
    const yaml = `target: b\ntargets: { b: { undo: run } }`
    expect(resolve({}, yaml)).toMatchObject({ target: 'b', undo: 'run' })
  })

  test('the URL comes from the input, the target, the file or DATABASE_URL', () => {
    const env = {
      STAGING_URL: 'postgres://staging/db',
      PASSWORD: 'x',
      DATABASE_URL: 'postgres://env/db',
    }
    const url = (given: Texts, yaml: string | null = TARGETS) =>
      resolve(given, yaml, env).databaseUrl
    expect(url({ target: 'staging', 'database-url': `postgres://given/\${X}` })).toBe(
      `postgres://given/\${X}`,
    )
    expect(url({ target: 'staging' })).toBe('postgres://staging/db')
    expect(url({ target: 'production' })).toBe('postgres://app:x@prod/app')
    expect(url({})).toBe('postgres://fallback/db')
    expect(url({}, null)).toBe('postgres://env/db')
  })

  test('a missing environment variable is refused by name, and only for the chosen target', () => {
    expect(resolve({ target: 'staging' }, TARGETS, { STAGING_URL: 'u' }).databaseUrl).toBe('u')
    const parts = refusal({ target: 'production' }, TARGETS, { STAGING_URL: 'u', PASSWORD: '' })
    expect(parts.what).toContain('PASSWORD')
    expect(parts.where).toEqual({ file: 'airlock.yml', line: 8, column: 19 })
    expect(parts.fix).toContain('secrets.PASSWORD')
  })

  test('a target that is not there is refused with the nearest that is', () => {
    expect(refusal({ target: 'stagin' }, TARGETS).fix).toContain('"staging"')
    expect(refusal({ target: 'staging' }).why).toContain('no such file')
    const parts = refusal({}, 'target: prod\ntargets: { staging: {} }')
    expect(parts.where).toEqual({ file: 'airlock.yml', line: 1, column: 9 })
  })

  test.each([
    [{ command: 'deply' }, 'command is "deply"', 'Did you mean "deploy"?'],
    [{ 'lock-timeout': '2' }, 'bare number', '2s'],
    [{ 'lock-timeout': '0s' }, 'is 0', '30s'],
    [{ 'fail-on-warning': 'yes' }, 'fail-on-warning is "yes"', 'true'],
    [{ undo: 'everything' }, 'undo is "everything"', 'migration, run'],
    [
      { command: 'verify', to: '5' },
      'to is given with the command verify',
      'plan or deploy or rollback',
    ],
    [{ only: '5' }, 'only is given with the command deploy', 'rollback'],
    [{ command: 'plan', 'last-run': 'true' }, 'last-run is given', 'rollback'],
    [{ command: 'rollback', to: '5', only: '6' }, 'to and only are given', 'Keep one'],
    [{ command: 'rollback', only: '5_add_x' }, 'not a version', 'without the name'],
    [{ 'on-failure': 'stop', undo: 'run' }, 'on-failure is stop', 'Remove undo'],
    [{ report: 'a', summary: 'a' }, 'report and summary are both a', 'own'],
  ])('%j is refused', (given, what, fix) => {
    const parts = refusal(given)
    expect(parts.what).toContain(what)
    expect(parts.fix).toContain(fix)
    expect(parts.where).toBeUndefined()
  })

  test('an emergency stop by flag overrides what the file says of undo', () => {
    expect(resolve({ 'on-failure': 'stop' }, 'undo: run').onFailure).toBe('stop')
  })

  test('a deployment may end at a version', () => {
    expect(resolve({ to: '5' }).to).toBe('5')
    expect(resolve({ command: 'plan', to: '5' }).to).toBe('5')
  })

  test('what to roll back is read for the command rollback', () => {
    expect(resolve({ command: 'rollback', to: 'V1.2', 'last-run': 'false' })).toMatchObject({
      to: 'V1.2',
      lastRun: false,
    })
    expect(resolve({ command: 'rollback', 'last-run': 'TRUE' }).lastRun).toBe(true)
  })

  test('the runbook file is required only when it is named', () => {
    expect(runbookFile({ config: '' })).toEqual({ path: 'airlock.yml', required: false })
    expect(runbookFile({ config: 'db/a.yml' })).toEqual({ path: 'db/a.yml', required: true })
  })
})
