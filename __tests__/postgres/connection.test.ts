import { describe, expect, test } from '@jest/globals'
import { resolveConnection, secretsOf } from '../../src/postgres/connection.ts'
import type { ConnectionFiles } from '../../src/postgres/connection-files.ts'
import type { ConnectionConfig } from '../../src/postgres/types.ts'
import { Refusal } from '../../src/report/refusal.ts'

/** A home folder made of texts. */
function filesOf(
  texts: Readonly<Record<string, string>> = {},
  mode = 0o600,
  sockets: readonly string[] = [],
): ConnectionFiles {
  return {
    home: '/home/u',
    userName: 'u',
    read: (path) => texts[path] ?? null,
    permissions: () => ({ mode, owner: 1000 }),
    exists: (path) => sockets.includes(path),
  }
}

function resolve(
  url: string | undefined,
  env: Readonly<Record<string, string>> = {},
  files = filesOf(),
): ConnectionConfig {
  return resolveConnection({ url, env, files })
}

function refusal(act: () => unknown): Refusal {
  try {
    act()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('it was not refused')
}

describe('URLs', () => {
  const cases: readonly [
    string,
    Partial<Record<'host' | 'database' | 'user' | 'password', string | null>> & { port?: number },
  ][] = [
    ['postgres://u:p@h:1234/d', { host: 'h', port: 1234, database: 'd', user: 'u', password: 'p' }],
    ['postgresql://h/d', { host: 'h', port: 5432, database: 'd', user: 'u', password: null }],
    [
      'postgresql://a%40b:p%3A%2F%25%C3%A4@h/d%2Fe',
      { user: 'a@b', password: 'p:/%ä', database: 'd/e' },
    ],
    ['postgresql://a:b:c@h/d', { user: 'a', password: 'b:c' }],
    ['postgresql://%2Fvar%2Frun/d', { host: '/var/run', database: 'd' }],
    ['postgresql:///d?host=/tmp&port=5433', { host: '/tmp', port: 5433, database: 'd' }],
    ['postgresql://[2001:db8::1]:5433/d', { host: '2001:db8::1', port: 5433 }],
    [
      'postgresql://h?user=x&password=a%26b',
      { host: 'h', user: 'x', password: 'a&b', database: 'x' },
    ],
    ['  postgresql://h/d\n', { host: 'h', database: 'd' }],
    [
      "host=h dbname='a b' password='it\\'s' user = x",
      { host: 'h', database: 'a b', password: "it's", user: 'x' },
    ],
    ['host=h dbname=d password=', { password: '' }],
  ]
  test.each(cases)('%j', (url, expected) => {
    const config = resolve(url)
    const [endpoint] = config.endpoints
    const found = {
      host: endpoint?.host,
      port: endpoint?.port,
      database: config.database,
      user: config.user,
      password: endpoint && config.password(endpoint),
    }
    expect(found).toMatchObject(expected)
  })

  test('several hosts, with one port or one each', () => {
    expect(resolve('postgresql://a:1,b:2,[::1]:3/d').endpoints).toEqual([
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
      { host: '::1', port: 3 },
    ])
    expect(resolve('postgresql:///d?host=a,b&port=7').endpoints).toEqual([
      { host: 'a', port: 7 },
      { host: 'b', port: 7 },
    ])
    expect(refusal(() => resolve('host=a,b port=1,2,3')).parts.what).toMatch(/differ in length/)
  })

  test('parameters', () => {
    const config = resolve(
      'postgresql://h/d?sslmode=require&connect_timeout=3&options=-c%20a%3Db&application_name=x&target_session_attrs=primary&channel_binding=require&hostaddr=10.0.0.1',
    )
    expect(config).toMatchObject({
      connectTimeoutMs: 3000,
      options: '-c a=b',
      targetSessionAttrs: 'primary',
      channelBinding: 'require',
      endpoints: [{ host: 'h', hostaddr: '10.0.0.1', port: 5432 }],
    })
    expect(config.tls.mode).toBe('require')
    expect(resolve('postgresql://h/d?ssl=true').tls.mode).toBe('require')
    expect(resolve('postgresql://h/d').tls.mode).toBe('prefer')
  })
})

describe('refusals', () => {
  const cases: readonly [string, RegExp, RegExp][] = [
    ['mysql://u:hunter2@h/d', /not a connection string/, /postgresql:\/\//],
    ['"postgresql://u:hunter2@h/d"', /not a connection string/, /quotation marks/],
    ['postgresql://u:hunter2@ss@h/d', /not a connection string/, /percent-encoded/],
    ['postgresql://u:hunter2/x@h/d', /not a connection string/, /percent-encoded/],
    ['postgresql://u:hunter2%zz@h/d', /not a connection string/, /percent-encoded/],
    ['postgresql://h:port/d?password=hunter2', /not a connection string/, /percent-encoded/],
    ['postgresql://h/d?password', /not a connection string/, /percent-encoded/],
    ["host=h password='hunter2", /not a connection string/, /quotes/],
    ['hunter2', /not a connection string/, /postgresql:\/\//],
    ['postgresql://h/d?sslmod=require', /unknown parameter "sslmod"/, /sslmode/],
    ['postgresql://h/d?schema=public', /unknown parameter "schema"/, /Remove/],
    ['postgresql://h/d?sslmode=no-verify', /sslmode has an unknown value/, /require/],
    ['postgresql://h/d?sslnegotiation=direct', /sslnegotiation/, /Leave it out/],
    ['postgresql://h/d?sslrootcert=system&sslmode=require', /does not go with/, /verify-full/],
    ['postgresql://h/d?sslmode=verify-ca', /root.crt does not exist/, /sslrootcert/],
    ['postgresql://h/d?connect_timeout=soon', /connect_timeout/, /10/],
    ['postgresql://h:70000/d', /port/, /5432/],
    ['postgresql://h/d?target_session_attrs=any-', /target_session_attrs/, /one of these/],
    ['service=none', /service "none" is not defined/, /PGSERVICEFILE/],
  ]
  test.each(cases)('%s', (url, what, fix) => {
    const { parts, exitCode } = refusal(() => resolve(url))
    expect(parts.what).toMatch(what)
    expect(parts.fix).toMatch(fix)
    expect(exitCode).toBe(2)
    expect(JSON.stringify(parts)).not.toContain('hunter2')
  })

  test('nothing at all', () => {
    expect(refusal(() => resolve('')).parts.what).toBe('No database was named')
    expect(refusal(() => resolve(undefined, { DATABASE_URL: '', PGUSER: 'x' })).parts.what).toBe(
      'No database was named',
    )
  })
})

describe('environment and files', () => {
  test('PG* variables fill what the URL leaves open', () => {
    const env = {
      PGHOST: 'envhost',
      PGPORT: '6000',
      PGDATABASE: 'envdb',
      PGUSER: 'envuser',
      PGPASSWORD: 'envpw',
      PGSSLMODE: 'disable',
      PGOPTIONS: '-c x=y',
      PGCONNECT_TIMEOUT: '4',
      PGAPPNAME: 'ignored',
    }
    const all = resolve(undefined, env)
    expect(all).toMatchObject({
      endpoints: [{ host: 'envhost', port: 6000 }],
      database: 'envdb',
      user: 'envuser',
      options: '-c x=y',
      connectTimeoutMs: 4000,
    })
    const some = resolve('postgresql://urluser@urlhost', env)
    expect(some).toMatchObject({
      endpoints: [{ host: 'urlhost', port: 6000 }],
      database: 'envdb',
      user: 'urluser',
    })
    expect(some.password({ host: 'urlhost', port: 6000 })).toBe('envpw')
  })

  test('a service file stands between URL and environment', () => {
    const files = filesOf({
      '/home/u/.pg_service.conf':
        '# mine\n[other]\nhost=no\n[mine]\nhost=svc\nport = 7000\nuser=svcuser\n',
    })
    expect(
      resolve('service=mine user=me', { PGHOST: 'envhost', PGDATABASE: 'd' }, files),
    ).toMatchObject({ endpoints: [{ host: 'svc', port: 7000 }], user: 'me', database: 'd' })
    expect(resolve(undefined, { PGSERVICE: 'mine' }, files).user).toBe('svcuser')
    const broken = filesOf({ '/f': '[mine]\nhost=a\nsecret hunter2\n' })
    const { parts } = refusal(() =>
      resolve(undefined, { PGSERVICE: 'mine', PGSERVICEFILE: '/f' }, broken),
    )
    expect(parts.where).toEqual({ file: '/f', line: 3, column: 1 })
  })

  test('a passfile gives the password of its first line that fits, if it is nobody else’s to read', () => {
    const text = '# c\nh:5432:d:u:first\n*:*:*:u:a\\:b\\\\c\nlocalhost:*:*:*:socket\n'
    const files = filesOf({ '/home/u/.pgpass': text })
    const password = (url: string, from = files) => {
      const config = resolve(url, {}, from)
      return config.endpoints.map(config.password)
    }
    expect(password('postgresql://h/d')).toEqual(['first'])
    expect(password('postgresql://h:5433,h/d')).toEqual(['a:b\\c', 'first'])
    expect(password('postgresql://x@%2Ftmp/d')).toEqual(['socket'])
    expect(password('postgresql://x@h/d')).toEqual([null])
    const open = filesOf({ '/home/u/.pgpass': text }, 0o644)
    expect(password('postgresql://h/d', open)).toEqual([null])
    expect(resolve('postgresql://h/d', {}, open).warnings).toEqual([
      '/home/u/.pgpass was not used: others may read it (mode 0644); chmod 0600 makes it acceptable',
    ])
  })

  test('without a host a socket is looked for, then localhost', () => {
    const socket = filesOf({}, 0o600, ['/tmp/.s.PGSQL.5432'])
    expect(resolve('dbname=d', {}, socket).endpoints).toEqual([{ host: '/tmp', port: 5432 }])
    expect(resolve('dbname=d').endpoints).toEqual([{ host: 'localhost', port: 5432 }])
  })

  test('a private key that others may read is refused', () => {
    const files = filesOf({ '/c': 'C', '/k': 'K' }, 0o644)
    const { parts } = refusal(() => resolve('postgresql://h/d?sslcert=/c&sslkey=/k', {}, files))
    expect(parts.what).toMatch(/open to others/)
  })

  test('secrets are known as written and decoded, and are not printed with the configuration', () => {
    const url = 'postgresql://u:p%40ss@h/d'
    const config = resolve(url)
    expect(secretsOf(config)).toEqual(expect.arrayContaining([url, 'p%40ss', 'p@ss']))
    expect(JSON.stringify(config)).not.toMatch(/p@ss|p%40ss/)
    expect(secretsOf(resolve('postgresql://h/d', { PGPASSWORD: 'x1y2' }))).toEqual(['x1y2'])
    expect(secretsOf(resolve('postgresql://h/d'))).toEqual([])
  })

  test('a password that is a name too, or very short, is a secret only where it stands as a password', () => {
    const url = 'postgresql://same:same@h/d'
    expect(secretsOf(resolve(url))).toEqual([url, ':same@'])
    const variables = { PGUSER: 'u', PGDATABASE: 'same', PGPASSWORD: 'same' }
    expect(secretsOf(resolve('', variables))).toEqual([':same@'])
    expect(secretsOf(resolve('host=h user=u', { PGPASSWORD: 'ab' }))).toEqual([':ab@'])
  })

  test('a password of the password file is a secret in the form in which a URL holds it, too', () => {
    const files = filesOf({ '/home/u/.pgpass': '*:*:*:*:p@ss' })
    expect(secretsOf(resolve('postgresql://h/d', {}, files))).toEqual(['p@ss', 'p%40ss'])
  })
})
