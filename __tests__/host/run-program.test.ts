import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type ProgramOptions, programEnvironment, runProgram } from '../../src/host/process.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-process-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const env = programEnvironment({})
const options = { env, timeoutMs: 20_000 }
const runScript = (script: string, given: ProgramOptions) => runProgram('sh', ['-c', script], given)

async function isGone(pid: number): Promise<boolean> {
  const deadline = Date.now() + 5_000
  while (Date.now() < deadline) {
    try {
      process.kill(pid, 0)
    } catch {
      return true
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return false
}

/** A command that tells the pid of a program that it started, and waits for it. */
async function pidIn(file: string): Promise<number> {
  const deadline = Date.now() + 5_000
  while (!(existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'))) {
    if (Date.now() > deadline) throw new Error(`no pid in ${file}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return Number(readFileSync(file, 'utf8'))
}

test('exit code, output and error output come back, the pid of the launcher is not among them', async () => {
  const end = await runScript('echo out; echo err >&2; exit 3', options)
  expect(end).toMatchObject({ ended: 'exited', code: 3, stdout: 'out\n', stderr: 'err' })
})

test('arguments arrive as they are, blanks, quotes and dollars included', async () => {
  const args = ['a b', `"'$HOME\``, '', '-x']
  const { stdout } = await runProgram('printf', ['[%s]', ...args], options)
  expect(stdout).toBe(args.map((arg) => `[${arg}]`).join(''))
})

test('a program that is not there is told apart from one that fails', async () => {
  expect(await runProgram('no-such-program-here', [], options)).toMatchObject({
    ended: 'not-found',
  })
  expect((await runScript('no-such-program-here', options)).ended).toBe('exited')
})

test('no PG* variable of ours reaches it but those given', async () => {
  const given = { PATH: process.env.PATH, PGHOST: 'ours', PGOPTIONS: '-c x=y', OTHER: 'kept' }
  const own = programEnvironment({ PGHOST: 'theirs' }, given)
  const { stdout } = await runScript('echo "$PGHOST $PGOPTIONS $OTHER"', { ...options, env: own })
  expect(stdout).toBe('theirs  kept\n')
})

test('standard input is empty, so nothing waits for an answer', async () => {
  expect((await runProgram('cat', [], options)).stdout).toBe('')
})

test('a timeout ends it with all that it started', async () => {
  const file = join(folder, 'timeout')
  const end = await runScript(`sleep 60 & echo $! > '${file}'; wait`, { env, timeoutMs: 500 })
  expect(end.ended).toBe('timed-out')
  expect(end.durationMs).toBeLessThan(4_000)
  expect(await isGone(await pidIn(file))).toBe(true)
})

test('a stop ends it too, even one that ignores being asked', async () => {
  const file = join(folder, 'stop')
  const stop = new AbortController()
  const command = `trap '' TERM; sh -c 'trap "" TERM; echo $$ > "${file}"; while true; do sleep 0.1; done' & wait; wait`
  const running = runScript(command, { ...options, stop: stop.signal })
  const pid = await pidIn(file)
  stop.abort()
  expect((await running).ended).toBe('stopped')
  expect(await isGone(pid)).toBe(true)
})

test('a stop before the start is honoured', async () => {
  const end = await runProgram('sleep', ['60'], { ...options, stop: AbortSignal.abort() })
  expect(end.ended).toBe('stopped')
})

test('what a private program makes is for its owner only', async () => {
  const file = join(folder, 'private')
  await runScript(`echo x > '${file}'`, { ...options, isPrivate: true })
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('of a long output the start is kept, of a long error output the end', async () => {
  const command = 'for i in $(seq 1 5000); do echo line $i; echo line $i >&2; done'
  const { stdout, stderr } = await runScript(command, { ...options, longest: 20 })
  expect(stdout).toBe('line 1\nline 2\nline 3'.slice(0, 20))
  expect(stderr.length).toBeLessThanOrEqual(10_000)
  expect(stderr.endsWith('line 5000')).toBe(true)
})

test('no secret is cut in two where the error output is', async () => {
  const redact = (text: string) => text.replaceAll('hunter2hunter2', '***')
  for (const after of [9_988, 9_992, 9_996]) {
    const fill = (count: number) => `head -c ${count} /dev/zero | tr '\\0' - >&2`
    const script = `${fill(12_000)}; printf hunter2hunter2 >&2; ${fill(after)}`
    const { stderr } = await runScript(script, { ...options, redact })
    expect(redact(stderr)).toMatch(/^(\*\*\*)?-+$/)
    expect(stderr.length).toBeGreaterThan(9_900)
  }
})
