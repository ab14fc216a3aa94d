import { describe, expect, test } from '@jest/globals'
import { passwordsIn, secretsOf, withoutPasswords } from '../../src/runbook/secrets.ts'

describe('secrets of a connection', () => {
  test('are the URL and the password as written, decoded and encoded', () => {
    const url = "postgres://app:p%40ss'w@db.example:5432/shop"
    const secrets = secretsOf(url)
    for (const secret of [url, "p%40ss'w", "p@ss'w", "p@ss''w"]) expect(secrets).toContain(secret)
    for (const open of ['app', 'db.example', 'shop', '5432']) expect(secrets).not.toContain(open)
  })

  test('never are the host, user or database, even if one is the password', () => {
    const secrets = secretsOf('postgres://postgres:postgres@localhost/postgres')
    expect(secrets).toContain(':postgres@')
    expect(secrets).not.toContain('postgres')
  })

  test('are none when there is no password', () => {
    expect(secretsOf('postgres://app@db/shop')).toEqual([])
    expect(secretsOf(undefined)).toEqual([])
  })

  test('include PGPASSWORD', () => {
    expect(secretsOf(undefined, { PGPASSWORD: 'hunter2' })).toContain('hunter2')
  })

  test.each<[string | undefined, Record<string, string>]>([
    ['postgres://postgres@localhost/shop', { PGPASSWORD: 'postgres' }],
    ['postgres://app:postgres@a:5432,postgres:5433/shop', {}],
    ["host=db user='postgres' password=postgres", {}],
    ['postgres://localhost/postgres?user=app&password=postgres', {}],
    [undefined, { PGUSER: 'postgres', PGPASSWORD: 'postgres' }],
    [undefined, { PGHOST: 'a,postgres', PGPASSWORD: 'postgres' }],
    [undefined, { PGDATABASE: 'postgres', PGPASSWORD: 'postgres' }],
  ])('never are what is named beside the password: %s %j', (url, env) => {
    const secrets = secretsOf(url, env)
    expect(secrets).toContain(':postgres@')
    expect(secrets).not.toContain('postgres')
  })

  test('are hidden only as a password where they are very short', () => {
    expect(secretsOf('postgres://app:pw@db/shop')).toEqual(['postgres://app:pw@db/shop', ':pw@'])
  })

  test.each([
    ['postgres://app:a/b@c@db/shop', 'a/b@c'],
    ['postgres://app:100%@db/shop', '100%'],
    ['postgresql://app@db/shop?sslmode=require&password=abc', 'abc'],
    ["host=db password='it\\'s' user=app", "it's"],
    ['host=db password = abc', 'abc'],
  ])('%s holds %s', (url, password) => {
    expect(passwordsIn(url)).toContain(password)
    expect(secretsOf(url)).toContain(password)
  })

  test('are cut out of a line of text', () => {
    expect(withoutPasswords('a: postgres://u:s3@cret@h/d # password: s3@cret')).not.toContain(
      'cret',
    )
    expect(withoutPasswords('lock-timeout: 2s')).toBe('lock-timeout: 2s')
  })
})
