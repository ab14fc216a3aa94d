import { createPrivateKey } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { withLibpqEnvironment } from '../../src/backup/libpq-environment.ts'
import { runProgram } from '../../src/host/process.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { certificate, key } from '../support/certificate.ts'
import { withFolder } from './client.ts'

const environmentOf = (url: string, databaseUrl?: string) =>
  withLibpqEnvironment(resolveConnection({ url, env: {} }), databaseUrl, async (env) => env)

test('libpq’s variables lead to the same server, and the URL for commands too', async () => {
  const env = await environmentOf(
    'postgresql://us%20er:p%40ss@[::1]:5433/d%C3%BC%2F?sslmode=require&options=-c%20geqo%3Doff&connect_timeout=7',
  )
  expect(env).toMatchObject({
    PGHOST: '::1',
    PGPORT: '5433',
    PGUSER: 'us er',
    PGPASSWORD: 'p@ss',
    PGDATABASE: 'dü/',
    PGSSLMODE: 'require',
    PGOPTIONS: '-c geqo=off',
    PGCONNECT_TIMEOUT: '7',
    DATABASE_URL: 'postgresql://us%20er:p%40ss@[::1]:5433/d%C3%BC%2F?sslmode=require',
  })
  const again = resolveConnection({ url: env.DATABASE_URL, env: {} })
  expect([again.database, again.user, again.endpoints[0]?.host]).toEqual(['dü/', 'us er', '::1'])
})

test('a URL that the user gave is handed on as it is', async () => {
  const given = 'postgresql://u:p@h/d?application_name=x'
  expect((await environmentOf(given, given)).DATABASE_URL).toBe(given)
})

test('certificates and the key are files of their owner’s, the key without its passphrase, gone afterwards', () =>
  withFolder(async (folder) => {
    const paths = {
      root: join(folder, 'root'),
      cert: join(folder, 'cert'),
      key: join(folder, 'key'),
    }
    writeFileSync(paths.root, certificate)
    writeFileSync(paths.cert, certificate)
    const locked = createPrivateKey(key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'open sesame',
    })
    writeFileSync(paths.key, locked, { mode: 0o600 })
    const url = `postgresql://u:p@h/d?sslmode=verify-full&sslrootcert=${paths.root}&sslcert=${paths.cert}&sslkey=${paths.key}&sslpassword=open%20sesame`
    const connection = resolveConnection({ url, env: {} })
    const seen = await withLibpqEnvironment(connection, undefined, async (env) => {
      const file = env.PGSSLKEY ?? ''
      expect(readFileSync(env.PGSSLROOTCERT ?? '', 'utf8')).toBe(certificate)
      expect(readFileSync(env.PGSSLCERT ?? '', 'utf8')).toBe(certificate)
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(createPrivateKey(readFileSync(file)).equals(createPrivateKey(key))).toBe(true)
      return file
    })
    expect(existsSync(seen)).toBe(false)
  }))

test('sslrootcert=system stays what it is', async () => {
  const env = await environmentOf('postgresql://u@h/d?sslrootcert=system')
  expect(env.PGSSLROOTCERT).toBe('system')
})

test('no other variable of libpq’s gets through to a program', async () => {
  process.env.PGSERVICE = 'somebody else’s'
  try {
    const env = await environmentOf('postgresql://u@h/d')
    const script = 'echo "[$PGSERVICE][$PGHOST]"'
    const { stdout } = await runProgram('sh', ['-c', script], { env, timeoutMs: 10_000 })
    expect(stdout).toBe('[][h]\n')
  } finally {
    delete process.env.PGSERVICE
  }
})
