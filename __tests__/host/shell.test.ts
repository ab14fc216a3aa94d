import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { beginningOf, endOf, redactor } from '../../src/host/redact.ts'
import { keptCharacters, runShell, type ShellOptions } from '../../src/host/shell.ts'

const folder = mkdtempSync(join(tmpdir(), 'airlock-shell-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const secret = 's3cr3t-of-all'
const redact = redactor([secret])

const run = (command: string, more: Partial<ShellOptions> = {}) =>
  runShell(command, { signal: new AbortController().signal, redact, ...more })

async function until<Answer>(ask: () => Answer | null): Promise<Answer> {
  const deadline = Date.now() + 5_000
  while (Date.now() < deadline) {
    const answer = ask()
    if (answer !== null) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('waited five seconds in vain')
}

function isGone(pid: number): true | null {
  try {
    process.kill(pid, 0)
    return null
  } catch {
    return true
  }
}

const pidIn = (file: string) =>
  until(() => {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    return text.endsWith('\n') ? Number(text) : null
  })

/** A program that leaves the process group, and holds both outputs open for 20 seconds. */
const leaver = `'${process.execPath}' -e "require('child_process').spawn('sleep', ['20'], { detached: true, stdio: 'inherit' }).unref()"`

describe('a command of the shell', () => {
  test('has ended with its exit code and what it said', async () => {
    expect(await run('echo out; sleep 0.1; echo err >&2; exit 3')).toMatchObject({
      ended: 'exited',
      code: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      output: 'out\nerr\n',
    })
    expect(await run('kill -9 $$')).toMatchObject({
      ended: 'exited',
      code: null,
      signal: 'SIGKILL',
    })
    expect((await run('no-such-program-here')).code).toBe(127)
  })

  test('gets the environment that is given, and no input', async () => {
    const env = { PATH: process.env.PATH, GIVEN: 'ü' }
    expect((await run('echo "$GIVEN$HOME"; cat', { env })).stdout).toBe('ü\n')
  })

  test('is read as it comes where somebody wants that, and then not kept', async () => {
    const read: Uint8Array[] = []
    const end = await run('seq 1 100000; echo done >&2', { onStdout: (bytes) => read.push(bytes) })
    expect(Buffer.concat(read).toString().split('\n').length).toBe(100_001)
    expect([end.stdout, end.output]).toEqual(['', 'done\n'])
  })

  test('is stopped at its timeout with all that it started, even where that minds no SIGTERM', async () => {
    const file = join(folder, 'timeout')
    const command = `trap '' TERM; sh -c 'trap "" TERM; echo $$ > "${file}"; while true; do sleep 0.1; done' & wait; wait`
    const end = await run(command, { timeoutMs: 300 })
    expect(end.ended).toBe('timed-out')
    expect(end.durationMs).toBeLessThan(4_000)
    const pid = await pidIn(file)
    expect(await until(() => isGone(pid))).toBe(true)
  })

  test('is stopped on request, be it made before the start', async () => {
    const stop = new AbortController()
    const running = run('sleep 60', { signal: stop.signal })
    stop.abort()
    expect((await running).ended).toBe('stopped')
    expect((await run('sleep 60', { signal: stop.signal })).ended).toBe('stopped')
  })

  test.each<[string, string, Partial<ShellOptions>, string]>([
    ['ends', `${leaver}; echo out`, {}, 'exited'],
    ['is stopped', `${leaver}; echo out; sleep 60`, { timeoutMs: 1_000 }, 'timed-out'],
  ])(
    'that %s is not waited for where a program that left its group holds the outputs',
    async (_, command, options, ended) => {
      const end = await run(command, options)
      expect(end).toMatchObject({ ended, stdout: 'out\n' })
      expect(end.durationMs).toBeLessThan(5_000)
    },
  )
})

describe('of a long output', () => {
  test('the beginning of one and the end of the other is kept', async () => {
    const { stdout, stderr, output } = await run('seq 1 50000; seq 1 50000 >&2')
    expect(stdout.startsWith('1\n2\n')).toBe(true)
    for (const text of [stderr, output]) expect(text.endsWith('50000\n')).toBe(true)
    for (const text of [stdout, stderr, output]) expect(text.length).toBe(keptCharacters)
  })

  test('no secret is cut in two, wherever the cut would be', async () => {
    for (let shift = 0; shift < secret.length; shift += 4) {
      const around = keptCharacters - shift
      const fill = (count: number) => `head -c ${count} /dev/zero | tr '\\0' -`
      const command = `say() { ${fill(around)}; printf %s ${secret}; ${fill(around)}; }; say; say >&2`
      const { stdout, stderr } = await run(command)
      for (const text of [stdout, stderr]) {
        expect(redact(text).replace(/-+|\*\*\*/g, '')).toBe('')
        expect(text.length).toBeGreaterThan(keptCharacters - 64)
      }
    }
  })

  test('the cut moves until no secret is in its way', () => {
    for (let most = 0; most <= 30; most++) {
      for (const text of [`ab ${secret} cd ${secret}`, `${secret}${secret}`]) {
        const whole = /^[ abcd]*$/
        expect(redact(endOf(text, most, redact)).replaceAll('***', '')).toMatch(whole)
        expect(redact(beginningOf(text, most, redact)).replaceAll('***', '')).toMatch(whole)
        expect(text.endsWith(endOf(text, most, redact))).toBe(true)
        expect(text.startsWith(beginningOf(text, most, redact))).toBe(true)
        expect(endOf(text, most, redact).length).toBeLessThanOrEqual(most)
        expect(beginningOf(text, most, redact).length).toBeLessThanOrEqual(most)
      }
    }
  })
})
