import type { RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { compileSmoke } from '../../src/checks/smoke/compile.ts'
import { type Askers, runTest, type Series } from '../../src/checks/smoke/run-test.ts'
import { MAX_BODY_BYTES, requestHttp } from '../../src/host/http.ts'
import { runShell } from '../../src/host/shell.ts'
import { parseGates } from '../../src/runbook/gates/sections.ts'
import { withApplication } from '../support/application.ts'
import { certificate, key } from '../support/certificate.ts'

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function listening(server: Server): Promise<number> {
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const redact = (text: string) => text.replaceAll('hunter2hunter2', '***')
const askers: Askers = {
  http: requestHttp,
  command: (command, signal) => runShell(command, { signal, redact }),
  redact,
  sql: () => Promise.reject(new Error('no query is asked here')),
}

async function make(
  check: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<Series> {
  const { smoke } = parseGates({
    smoke: { 'warm-up': '0s', attempts: 1, ...more, checks: [{ name: 'x', ...check }] },
  })
  const plan = compileSmoke(smoke)
  const [test] = plan?.tests ?? []
  if (plan === null || test === undefined) throw new Error('there is no test')
  return runTest(test, askers, {
    limits: plan.limits,
    changedAt: Date.now(),
    signal: new AbortController().signal,
    waiting: () => {},
  })
}

const ask = (http: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  make({ http, timeout: '2s' }, more)

const json =
  (value: unknown): RequestListener =>
  (_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(value))
  }

/** 'passed: status 200' */
const told = ({ standing, last }: Series) => `${standing}: ${last.actual}`

describe('an HTTP smoke test', () => {
  test('sends method, headers and body, and compares status, JSON, text and time', async () => {
    const seen: unknown[] = []
    const listener: RequestListener = (request, response) => {
      let body = ''
      request.on('data', (data) => {
        body += data
      })
      request.on('end', () => {
        const { method, url, headers } = request
        seen.push([method, url, headers.authorization, headers['content-type'], body])
        response.statusCode = 201
        response.end('{"items":[{"id":1,"name":"Brötchen"}]}')
      })
    }
    await withApplication(listener, async ({ url }) => {
      const result = await ask({
        url: `${url}/api?x=1`,
        method: 'POST',
        headers: { Authorization: 'Bearer s3cret', 'content-type': 'application/json' },
        body: '{"a":1}',
        status: 201,
        json: { 'items.length': '> 0', 'items[0].id': 1, 'items[0].name': 'Brötchen' },
        text: 'Bröt',
        latency: '2s',
      })
      expect(told(result)).toBe(
        'passed: status 201, items.length = 1, items[0].id = 1, items[0].name = "Brötchen", contains "Bröt"',
      )
      expect(seen).toEqual([['POST', '/api?x=1', 'Bearer s3cret', 'application/json', '{"a":1}']])
    })
  })

  test.each<[string, RequestListener, Record<string, unknown>, RegExp]>([
    [
      'another status',
      (_, r) => r.writeHead(500).end('out of\n cheese'),
      {},
      /^failed: status 500: out of cheese$/,
    ],
    ['an empty list', json([]), { json: { length: '> 0' } }, /^failed: length = 0$/],
    [
      'no JSON',
      (_, r) => r.end('<html>'),
      { json: { length: '> 0' } },
      /^failed: status 200, but it is no JSON: <html>$/,
    ],
    [
      'another text',
      (_, r) => r.end('Rezept'),
      { text: 'Recipe' },
      /^failed: does not contain "Recipe"$/,
    ],
    [
      'too late',
      (_, r) => void setTimeout(() => r.end(), 150),
      { latency: '50ms' },
      /^failed: answered after \d+ ms$/,
    ],
    [
      'an endless body',
      (_, r) => {
        r.write('x'.repeat(2 * MAX_BODY_BYTES))
      },
      { text: 'y' },
      /^failed: the first 1 MiB does not contain "y"$/,
    ],
  ])('%s fails', async (_, listener, http, message) => {
    await withApplication(listener, async ({ url }) => {
      expect(told(await ask({ url, ...http }))).toMatch(message)
    })
  })

  test('follows redirects within the origin, with its headers, and no further', async () => {
    const listener: RequestListener = ({ url, headers }, response) => {
      if (url === '/new') response.end(`hello ${headers['x-key']}`)
      else if (url === '/loop') response.writeHead(302, { location: '/loop' }).end()
      else if (url === '/away')
        response.writeHead(302, { location: 'http://example.invalid/?k=v' }).end()
      else response.writeHead(301, { location: '/new' }).end()
    }
    await withApplication(listener, async ({ url, asked }) => {
      const headers = { 'x-key': 'abcd' }
      expect(told(await ask({ url: `${url}/old`, text: 'hello', headers }))).toMatch(/^passed/)
      expect(told(await ask({ url: `${url}/away` }))).toBe(
        'failed: status 302 redirects to http://example.invalid, which is not followed',
      )
      expect(told(await ask({ url: `${url}/away`, status: 302 }))).toBe('passed: status 302')
      asked.length = 0
      expect(told(await ask({ url: `${url}/loop` }))).toBe('failed: more than 10 redirects')
      expect(asked).toHaveLength(11)
    })
  })

  test('a redirect after POST is asked with GET and without the body', async () => {
    const listener: RequestListener = ({ url, method }, response) => {
      if (url === '/done') response.end(method)
      else response.writeHead(303, { location: '/done' }).end()
    }
    await withApplication(listener, async ({ url }) => {
      const result = await ask({ url, method: 'POST', body: 'x', text: 'GET' })
      expect(told(result)).toMatch(/^passed/)
    })
  })

  test('names refused, reset, no such host, timed out: nobody answered', async () => {
    const closed = createTcpServer()
    const port = await listening(closed)
    closed.close()
    expect(told(await ask({ url: `http://127.0.0.1:${port}/` }))).toBe('failed: connection refused')
    const resetting = await listening(createTcpServer((socket) => socket.resetAndDestroy()))
    expect(told(await ask({ url: `http://127.0.0.1:${resetting}/` }))).toBe(
      'failed: connection reset',
    )
    const closing = await listening(createTcpServer((socket) => socket.end()))
    expect(told(await ask({ url: `http://127.0.0.1:${closing}/` }))).toBe(
      'failed: connection closed before an answer',
    )
    expect(told(await ask({ url: 'http://nowhere.invalid/' }))).toMatch(/DNS/)
    await withApplication(
      () => {},
      async ({ url }) => {
        const result = await make({ http: { url }, timeout: '100ms' })
        expect(told(result)).toBe('failed: timed out')
        expect(result.connectionErrors).toBe(1)
      },
    )
  })

  test('a body that stops coming is timed out too', async () => {
    await withApplication(
      (_, response) => void response.write('begun'),
      async ({ url }) => {
        expect(told(await make({ http: { url }, timeout: '200ms' }))).toBe('failed: timed out')
      },
    )
  })

  test('what TLS says is named, and is no connection error', async () => {
    const port = await listening(createTlsServer({ cert: certificate, key }, (_, r) => r.end()))
    const untrusted = await ask({ url: `https://127.0.0.1:${port}/` })
    expect(told(untrusted)).toBe('failed: TLS failed: DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(untrusted.connectionErrors).toBe(0)
    await withApplication(
      (_, response) => response.end(),
      async ({ url }) => {
        expect(told(await ask({ url: url.replace('http:', 'https:') }))).toMatch(
          /^failed: TLS failed: ERR_SSL_/,
        )
      },
    )
  })

  test('a gateway’s 503 is waited out within the warm-up, an application’s 500 is not', async () => {
    let answers: number[] = []
    await withApplication(
      (_, response) => response.writeHead(answers.shift() ?? 200).end(),
      async ({ url }) => {
        const patient = { 'warm-up': '10s', pause: '1ms', attempts: 2 }
        answers = [502, 503, 504, 503, 200]
        expect(await ask({ url }, patient)).toMatchObject({
          standing: 'passed',
          attempts: 5,
          connectionErrors: 4,
        })
        answers = [503, 500, 503, 500, 200]
        expect(await ask({ url }, patient)).toMatchObject({ standing: 'failed', attempts: 4 })
      },
    )
  })

  test('an answer that echoes secrets of URL and headers is shown without them', async () => {
    await withApplication(
      ({ url, headers }, response) =>
        response.writeHead(500).end(`${url} ${headers.authorization} ${headers['x-api-key']}`),
      async ({ url }) => {
        const result = await ask({
          url: `${url.replace('http://', 'http://somebody:pa55word@')}/?token=t0ken`,
          headers: { 'x-api-key': 'k3y-of-all' },
        })
        expect(told(result)).toBe('failed: status 500: /?token=*** *** ***')
      },
    )
  })

  test('no secret is cut in two where an answer or a value is shortened', async () => {
    const long = (at: number) => `${'-'.repeat(at)}hunter2hunter2 and more ${'-'.repeat(200)}`
    for (const at of [188, 190, 196]) {
      await withApplication(
        (_, response) => response.writeHead(500).end(long(at)),
        async ({ url }) => expect(told(await ask({ url }))).not.toContain('hunt'),
      )
    }
    for (const at of [66, 70, 74]) {
      await withApplication(json({ a: long(at) }), async ({ url }) => {
        const found = told(await ask({ url, json: { a: 'x' } }))
        expect(found).toContain('a = "---')
        expect(found).not.toContain('hunt')
      })
    }
  })

  test('each attempt has a connection of its own', async () => {
    const connections = new Set<number | undefined>()
    await withApplication(
      ({ socket }, response) => {
        connections.add(socket.remotePort)
        response.end()
      },
      async ({ url }) => {
        await ask({ url }, { successes: 3, attempts: 3, pause: '1ms' })
        expect(connections.size).toBe(3)
      },
    )
  })
})

describe('a command as a smoke test', () => {
  test.each([
    ['true', /^passed: exit code 0$/],
    ['echo no recipes; exit 3', /^failed: exit code 3$/],
    ['exit 75', /^failed: exit code 75$/],
    ['no-such-command-anywhere', /^failed: exit code 127$/],
    ['kill -9 $$', /^failed: ended by SIGKILL$/],
  ])('%s', async (command, message) => {
    expect(told(await make({ command }))).toMatch(message)
  })

  test('exit code 75 says that nothing answers yet', async () => {
    expect((await make({ command: 'exit 75' })).connectionErrors).toBe(1)
    expect((await make({ command: 'exit 1' })).connectionErrors).toBe(0)
  })

  test('the end of its output is the reason', async () => {
    const { last } = await make({ command: 'seq 1 100000; echo "no recipes" >&2; exit 1' })
    expect(last.reason).toMatch(/100000\nno recipes$/)
    expect(last.reason?.length).toBeLessThan(200)
  })

  test('no secret is in its reason, not even the half of one that stands at the cut', async () => {
    const command = `echo hunter2hunter2; head -c 16378 /dev/zero | tr '\\0' -; exit 1`
    const { last } = await make({ command })
    expect(last.reason?.length).toBeGreaterThan(1000)
    expect(last.reason).not.toContain('hunt')
    expect(last.reason).not.toContain('er2')
  })

  test('is killed at its timeout with all that it started, even where that minds no SIGTERM', async () => {
    const marker = `60.${process.pid}1`
    const began = Date.now()
    const result = await make({
      command: `trap '' TERM; sleep ${marker} & sleep ${marker}`,
      timeout: '200ms',
    })
    expect(told(result)).toBe('failed: stopped after 200 ms')
    expect(Date.now() - began).toBeLessThan(4_000)
    const { output } = await runShell(
      `ps -eo args | grep -c '^sleep ${marker.replace('.', '[.]')}'`,
      { signal: new AbortController().signal, redact },
    )
    expect(output.trim()).toBe('0')
  })

  test('what it leaves running in the background holds nothing up', async () => {
    const began = Date.now()
    expect(told(await make({ command: 'sleep 5 & exit 0' }))).toBe('passed: exit code 0')
    expect(Date.now() - began).toBeLessThan(4_000)
  })
})
