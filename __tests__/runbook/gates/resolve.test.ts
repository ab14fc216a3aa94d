import { describe, expect, test } from '@jest/globals'
import { Refusal } from '../../../src/report/refusal.ts'
import { parseAirlockFile } from '../../../src/runbook/airlock-file.ts'
import { resolveGates } from '../../../src/runbook/gates/resolve.ts'
import { parseGates } from '../../../src/runbook/gates/sections.ts'
import type { CommandName } from '../../../src/runbook/settings-table.ts'

type Env = Readonly<Record<string, string | undefined>>

const resolve = (source: string, env: Env = {}, target?: string, command?: CommandName) =>
  resolveGates({
    airlock: parseAirlockFile('airlock.yml', source),
    target,
    env,
    ...(command === undefined ? {} : { command }),
  })

const check = (...lines: string[]) =>
  ['smoke:', '  checks:', '    - name: a', '      http:', ...lines.map((l) => `        ${l}`)].join(
    '\n',
  )

const withToken = check(
  `url: \${APP}/api`,
  `headers: { Authorization: "Bearer \${TOKEN}" }`,
  `body: '{"key":{"of":"\${KEY}"}}'`,
)

describe('the gates of a run', () => {
  test('without a file are the defaults', () => {
    expect(resolveGates({ airlock: null, target: undefined, env: {} })).toEqual({
      gates: parseGates(),
      secrets: [],
    })
  })

  test('are read in milliseconds and bytes', () => {
    const { gates } = resolve(
      'observe-for: 5min\npreflight: { free-space: 20GB, data-budget: 1min }',
    )
    expect(gates['observe-for']).toBe(300_000)
    expect(gates.preflight).toMatchObject({ 'free-space': 20 * 2 ** 30, 'data-budget': 60_000 })
  })

  test('a section of the chosen target replaces the file’s whole section of that name', () => {
    const source = [
      'criteria: { indexes: warn, performance: fail }',
      'contacts: { DBA: Ann }',
      'targets:',
      '  a: { criteria: { constraints: warn } }',
      '  b: {}',
    ].join('\n')
    expect(resolve(source).gates.criteria).toMatchObject({ indexes: 'warn', performance: 'fail' })
    const { criteria, contacts } = resolve(source, {}, 'a').gates
    expect(criteria).toMatchObject({ constraints: 'warn', indexes: 'fail', performance: 'warn' })
    expect(contacts).toEqual({ DBA: 'Ann' })
    expect(resolve(source, {}, 'b').gates).toEqual(resolve(source).gates)
  })

  test('take secrets from the environment, and tell what to mask', () => {
    const env = { APP: 'https://app.example.com', TOKEN: 't0p secret', KEY: 'k3y' }
    const { gates, secrets } = resolve(withToken, env)
    expect(gates.smoke?.checks[0]?.http).toMatchObject({
      url: 'https://app.example.com/api',
      headers: { Authorization: 'Bearer t0p secret' },
      body: '{"key":{"of":"k3y"}}',
    })
    expect(secrets).toEqual(
      expect.arrayContaining([
        't0p secret',
        't0p%20secret',
        'Bearer t0p secret',
        'k3y',
        '{"key":{"of":"k3y"}}',
      ]),
    )
    expect(secrets.join('\n')).not.toContain('app.example.com')
  })

  test('an address that is more than scheme, host and port is masked', () => {
    const app = (APP: string) => resolve(check(`url: \${APP}`), { APP }).secrets
    expect(app('http://127.0.0.1:8080/')).toEqual([])
    expect(app('https://app.example.com/hook/s3cret')).toContain(
      'https://app.example.com/hook/s3cret',
    )
    expect(app('https://me:s3cret@app.example.com')).toContain('https://me:s3cret@app.example.com')
  })

  test('of a connection URL the password is masked, not host and database', () => {
    const source = `preflight: { replica-url: "postgres://me:\${PW}@\${HOST}/app" }`
    const { gates, secrets } = resolve(source, { PW: 'p%40ss', HOST: 'replica' })
    expect(gates.preflight['replica-url']).toBe('postgres://me:p%40ss@replica/app')
    expect(secrets).toEqual(expect.arrayContaining(['p%40ss', 'p@ss']))
    expect(secrets).not.toContain('replica')
    expect(secrets).not.toContain('app')
  })

  test('leave commands, SQL and patterns alone', () => {
    const source = [
      `logs: { command: 'cat "\${LOG}"', patterns: ['a\${x}'] }`,
      `backup: { command: { run: 'dump \${X}' } }`,
    ].join('\n')
    const { gates, secrets } = resolve(source, { LOG: 'l', X: 'x' })
    expect(gates.logs).toMatchObject({ command: `cat "\${LOG}"`, patterns: [`a\${x}`] })
    expect(gates.backup?.command?.run).toBe(`dump \${X}`)
    expect(secrets).toEqual([])
  })

  test('mask the secrets that a command names, but no name of the target', () => {
    const source = [
      `logs: { command: 'curl -H "$LOG_TOKEN" "$LOG_HOST"' }`,
      `backup: { command: { run: 'dump "\${DUMP_URL}" $Dump_Password $dsn_other $MISSING_KEY $SAME_SECRET' } }`,
    ].join('\n')
    const env = {
      LOG_TOKEN: 't0ken!',
      LOG_HOST: 'logs.example',
      DUMP_URL: 'postgres://me:pa%40ss@db/app',
      Dump_Password: 'pa55word',
      dsn_other: 'other-dsn',
      SAME_SECRET: 'shop',
      UNUSED_TOKEN: 'not named',
    }
    const { secrets } = resolveGates({
      airlock: parseAirlockFile('airlock.yml', source),
      target: undefined,
      env,
      names: ['shop'],
    })
    for (const secret of ['t0ken!', 'pa%40ss', 'pa@ss', 'pa55word', 'other-dsn']) {
      expect(secrets).toContain(secret)
    }
    for (const open of ['logs.example', 'me', 'db', 'app', 'shop', 'not named', '']) {
      expect(secrets).not.toContain(open)
    }
  })

  test.each([{}, { TOKEN: '' }, { TOKEN: ' ' }])(
    'refuse a variable that is missing or empty, at its place: %j',
    (env) => {
      const refused = () => resolve(withToken, { APP: 'http://a', KEY: 'k', ...env })
      expect(refused).toThrow(Refusal)
      try {
        refused()
      } catch (error) {
        expect((error as Refusal).parts).toMatchObject({
          where: { file: 'airlock.yml', line: 6, column: 35 },
          what: 'The environment variable TOKEN is not set',
          why: expect.stringContaining('smoke.checks[0].http.headers.Authorization'),
          fix: expect.stringContaining('secrets.TOKEN'),
        })
      }
    },
  )

  test('ask for the secrets of the chosen target alone', () => {
    const target = (name: string, variable: string) =>
      `  ${name}: { smoke: { checks: [{ name: a, http: { url: "\${${variable}}" } }] } }`
    const source = ['targets:', target('a', 'A_URL'), target('b', 'B_URL')].join('\n')
    expect(resolve(source).gates.smoke).toBeUndefined()
    const { gates } = resolve(source, { A_URL: 'http://a' }, 'a')
    expect(gates.smoke?.checks[0]?.http?.url).toBe('http://a')
    expect(() => resolve(source, { A_URL: 'http://a' }, 'b')).toThrow('B_URL')
  })

  test('ask for no secret that the command has no use for', () => {
    const source = `${withToken}\npreflight: { replica-url: "\${REPLICA}" }`
    expect(() => resolve(source, {}, undefined, 'plan')).toThrow('REPLICA')
    expect(() => resolve(source, { REPLICA: 'postgres://r/d' }, undefined, 'plan')).not.toThrow()
    for (const command of ['verify', 'rollback'] as const) {
      expect(() => resolve(source, {}, undefined, command)).not.toThrow()
    }
  })

  test('fill in what is there all the same, and leave out a smoke test that is not whole', () => {
    const source = `${withToken}\n    - name: b\n      command: "true \${APP}"`
    const names = (env: Env) =>
      resolve(source, env, undefined, 'plan').gates.smoke?.checks.map(({ name }) => name)
    expect(names({ APP: 'http://a', TOKEN: 't', KEY: 'k' })).toEqual(['a', 'b'])
    expect(names({ APP: 'http://a', TOKEN: 't' })).toEqual(['b'])
    expect(resolve(withToken, {}, undefined, 'plan').gates.smoke).toBeUndefined()
  })
})
