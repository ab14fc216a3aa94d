import type { AddressInfo } from 'node:net'
import { createServer, type Server as NetServer } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { explainConnectionFailure } from '../../src/postgres/connection-failure.ts'
import { connect } from '../../src/postgres/session.ts'
import type { RefusalParts } from '../../src/report/refusal.ts'
import { server, withDatabase } from '../support/database.ts'
import { configOf, failureOf } from './sessions.ts'

async function explained(url: string): Promise<RefusalParts> {
  const config = configOf(url)
  const error = await failureOf(connect(config, { name: 'worker', applicationName: 'x' }))
  expect(error).toMatchObject({ name: 'ServerError', lost: true })
  return explainConnectionFailure(error, config)
}

/** A port on which `act` meets every connection. */
async function withListener<Result>(
  meet: Parameters<typeof createServer>[1],
  act: (port: number) => Promise<Result>,
): Promise<Result> {
  const listener: NetServer = createServer(meet)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  try {
    return await act((listener.address() as AddressInfo).port)
  } finally {
    listener.close()
  }
}

describe('what the server says', () => {
  const { host, port, user } = server()
  test.each([
    [
      `postgresql://${user}:hunter2@${host}:${port}/postgres`,
      /password was not accepted/,
      /percent-encoded/,
    ],
    [`postgresql://${user}@${host}:${port}/postgres`, /none was given/, /password/],
    [
      `${server().adminUrl.replace(/\/postgres$/, '/no such db')}`,
      /no such database/,
      /case-sensitive/,
    ],
    [`${server().adminUrl}?options=-c%20nonsense%3D1`, /SQLSTATE 42704/, /options/],
    [
      `${server().adminUrl}?target_session_attrs=standby`,
      /target_session_attrs=standby/,
      /primary/,
    ],
  ])('%#', async (url, why, fix) => {
    const parts = await explained(url)
    expect(parts.why).toMatch(why)
    expect(parts.fix).toMatch(fix)
    expect(parts.exitCode).toBe(1)
    expect(JSON.stringify(parts)).not.toMatch(/hunter2/)
    expect(JSON.stringify(parts)).not.toContain(server().password)
  })

  test('no connection is free', async () => {
    await withDatabase({}, async ({ query, name, url }) => {
      await query(`CREATE ROLE ${name} LOGIN PASSWORD 'x' CONNECTION LIMIT 0`)
      const other = new URL(url)
      other.username = name
      other.password = 'x'
      try {
        expect((await explained(other.href)).why).toMatch(/no free connection/)
        await query(
          `REVOKE CONNECT ON DATABASE "${name}" FROM public; ALTER ROLE ${name} CONNECTION LIMIT 5`,
        )
        expect((await explained(other.href)).fix).toMatch(/GRANT CONNECT/)
        await query(`ALTER ROLE ${name} NOLOGIN`)
        expect((await explained(other.href)).why).toMatch(/does not let this user in/)
      } finally {
        await query(`DROP ROLE ${name}`)
      }
    })
  })
})

describe('what the network says', () => {
  test('nothing listens', async () => {
    const port = await withListener(undefined, async (used) => used)
    const parts = await explained(`postgresql://u@127.0.0.1:${port}/d`)
    expect(parts.why).toMatch(/Nothing listens there/)
    expect(parts.what).toBe(`No connection to database "d" on 127.0.0.1:${port} as "u"`)
  })

  test('an unknown name', async () => {
    expect((await explained('postgresql://u@no-such-host.invalid/d')).why).toMatch(
      /name was not found/,
    )
  })

  test('no such socket', async () => {
    expect((await explained('postgresql://u@%2Fnowhere/d')).why).toMatch(/no such socket/)
  })

  test('a host that never answers', async () => {
    await withListener(
      (socket) => socket.on('error', () => {}),
      async (port) => {
        const parts = await explained(
          `postgresql://u@127.0.0.1:${port}/d?connect_timeout=1&sslmode=disable`,
        )
        expect(parts.why).toMatch(/no answer within 1 seconds/)
      },
    )
  })

  // Of the protocol's messages: 'S' accepts TLS, 'R' asks for a password in clear, 'R' 'Z' lets in and is ready.
  const cleartext = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])
  const welcome = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])
  test.each([
    ['in the middle of TLS', Buffer.from('S'), 'sslmode=require'],
    ['once it has asked for the password', cleartext, 'sslmode=disable'],
    ['once it has let us in', welcome, 'sslmode=disable'],
  ])('a host that falls silent %s: connect_timeout bounds it', async (_, answer, options) => {
    await withListener(
      (socket) => socket.on('error', () => {}).once('data', () => socket.write(answer)),
      async (port) => {
        const started = Date.now()
        const parts = await explained(
          `postgresql://u:secret@127.0.0.1:${port}/d?connect_timeout=1&${options}`,
        )
        expect(parts.why).toMatch(/no answer within 1 s/)
        expect(Date.now() - started).toBeLessThan(6_000)
      },
    )
  })

  test('a host that speaks something else', async () => {
    await withListener(
      (socket) => socket.end(),
      async (port) => {
        const parts = await explained(`postgresql://u@127.0.0.1:${port}/d?sslmode=disable`)
        expect(parts.why).toMatch(/broke off/)
      },
    )
  })

  test('the next host is tried, and all sessions can be bound to it', async () => {
    const { adminUrl, port } = server()
    const config = configOf(adminUrl.replace(`127.0.0.1:${port}`, `127.0.0.1:1,127.0.0.1:${port}`))
    expect(config.endpoints).toHaveLength(2)
    const session = await connect(config, { name: 'worker', applicationName: 'x' })
    expect(session.endpoint).toEqual({ host: '127.0.0.1', port })
    await session.close()
  })
})
