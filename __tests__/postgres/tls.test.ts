import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type EmbeddedServer, startServer } from '../../scripts/embedded.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { explainConnectionFailure } from '../../src/postgres/connection-failure.ts'
import { realFiles } from '../../src/postgres/connection-files.ts'
import { connect } from '../../src/postgres/session.ts'
import { server, servers } from '../support/database.ts'
import { configOf, failureOf } from './sessions.ts'

/** An authority, a certificate of it for "localhost" (not 127.0.0.1), and a stranger's authority. */
function makeCertificates(folder: string): void {
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  for (const name of ['ca', 'stranger']) {
    run(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
    )
  }
  run(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=localhost',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
  )
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost')
  run(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'names',
    '-out',
    'server.crt',
  )
}

describe('a server with TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pg-airlock-tls-'))
  let secure: EmbeddedServer

  beforeAll(async () => {
    makeCertificates(folder)
    const read = (name: string) => readFileSync(join(folder, name), 'utf8')
    const major = servers().at(-1)?.major ?? 18
    secure = await startServer({
      major,
      tls: { certificate: read('server.crt'), key: read('server.key') },
    })
  })
  afterAll(async () => {
    await secure?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What the session speaks, or the sentence why there is none. */
  async function attempt(parameters: string, host = '127.0.0.1'): Promise<string> {
    const url = `${secure.url('postgres').replace('127.0.0.1', host)}?${parameters}`
    const config = resolveConnection({ url, env: {}, files: { ...realFiles(), home: folder } })
    try {
      const session = await connect(config, { name: 'worker', applicationName: 'x' })
      const [row] = await session.rows<{ tls: string }>(
        "SELECT CASE WHEN ssl THEN version ELSE 'off' END AS tls FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
      )
      await session.close()
      expect(session.tls).toBe(row?.tls)
      return session.tls
    } catch (error) {
      return explainConnectionFailure(error, config).why
    }
  }

  const root = `sslrootcert=${folder}/ca.crt`
  const strangers = `sslrootcert=${folder}/stranger.crt`
  const cases: readonly [string, string, string, RegExp][] = [
    ['disable speaks plainly', 'sslmode=disable', '127.0.0.1', /^off$/],
    ['allow begins plainly', 'sslmode=allow', '127.0.0.1', /^off$/],
    ['prefer takes TLS', '', '127.0.0.1', /^TLSv1\.\d$/],
    [
      'require does not verify without a root certificate',
      'sslmode=require',
      '127.0.0.1',
      /^TLSv1\.\d$/,
    ],
    [
      'require verifies where a root certificate is named',
      `sslmode=require&${strangers}`,
      '127.0.0.1',
      /^TLS could not be agreed on/,
    ],
    ['verify-ca accepts another name', `sslmode=verify-ca&${root}`, '127.0.0.1', /^TLSv1\.\d$/],
    [
      'verify-ca refuses a stranger',
      `sslmode=verify-ca&${strangers}`,
      '127.0.0.1',
      /^TLS could not be agreed on/,
    ],
    [
      'verify-full accepts the right name',
      `sslmode=verify-full&${root}`,
      'localhost',
      /^TLSv1\.\d$/,
    ],
    [
      'verify-full refuses another name',
      `sslmode=verify-full&${root}`,
      '127.0.0.1',
      /certificate is for another name/,
    ],
    [
      'verify-full checks the host, not its address',
      `sslmode=verify-full&${root}&hostaddr=127.0.0.1`,
      'localhost',
      /^TLSv1\.\d$/,
    ],
    [
      'public authorities do not know it',
      'sslrootcert=system',
      'localhost',
      /^TLS could not be agreed on/,
    ],
    [
      'versions can be limited',
      'sslmode=require&ssl_max_protocol_version=TLSv1.2',
      '127.0.0.1',
      /^TLSv1\.2$/,
    ],
    [
      'channel binding can be required',
      'sslmode=require&channel_binding=require',
      '127.0.0.1',
      /^TLSv1\.\d$/,
    ],
    [
      'channel binding needs TLS',
      'sslmode=disable&channel_binding=require',
      '127.0.0.1',
      /channel binding is required/,
    ],
  ]
  test.each(cases)('%s', async (_title, parameters, host, expected) => {
    expect(await attempt(parameters, host)).toMatch(expected)
  })
})

describe('a server without TLS', () => {
  test('prefer speaks plainly', async () => {
    const session = await connect(configOf(`${server().adminUrl}?sslmode=prefer`), {
      name: 'worker',
      applicationName: 'x',
    })
    expect(session.tls).toBe('off')
    await session.close()
  })

  test.each(['require', 'verify-full&sslrootcert=system'])('%s is refused', async (mode) => {
    const config = configOf(`${server().adminUrl}?sslmode=${mode}`)
    const error = await failureOf(connect(config, { name: 'worker', applicationName: 'x' }))
    expect(explainConnectionFailure(error, config)).toMatchObject({
      why: expect.stringMatching(/asks for TLS, and the server has none/),
      exitCode: 1,
    })
  })
})
