import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { beginLog, planLog, readLog } from '../../src/checks/postflight/log.ts'
import { runLogCommand } from '../../src/host/log-command.ts'
import { LineMatcher } from '../../src/host/log-lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'airlock-log-'))
const file = join(folder, 'app.log')
const since = '2026-01-01T00:00:00.000Z'
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function begin(logs: { file?: string; command?: string; patterns?: string[] }) {
  const plan = planLog({ patterns: ['constraint|deadlock'], max: 0, ...logs })
  const start = await beginLog(plan)
  if (start === null) throw new Error('no log')
  return start
}

const redact = (text: string) => text.replaceAll('hunter2hunter2', '***')
const read = (start: Parameters<typeof readLog>[0]) =>
  readLog(start, since, { signal: new AbortController().signal, redact })

describe('a log file', () => {
  beforeEach(() => writeFileSync(file, 'old constraint error\nold\n'))

  test('is read from where it ended when the run began', async () => {
    const start = await begin({ file })
    appendFileSync(file, 'fine\nviolates Constraint "x"\r\nlast line without an end: DEADLOCK')
    expect(await read(start)).toEqual({
      source: file,
      lines: 3,
      matches: 2,
      examples: ['violates Constraint "x"', 'last line without an end: DEADLOCK'],
    })
  })

  test('that nobody wrote to has no line', async () => {
    expect(await read(await begin({ file }))).toMatchObject({ lines: 0, matches: 0 })
  })

  test('that was rotated is read to the end of the old and from the beginning of the new', async () => {
    const start = await begin({ file })
    appendFileSync(file, 'constraint 1\n')
    renameSync(file, join(folder, 'app.log.1'))
    writeFileSync(file, 'constraint 2\n')
    const found = await read(start)
    expect(found.examples).toEqual(['constraint 1', 'constraint 2'])
    expect(found.gap).toBeUndefined()
    rmSync(join(folder, 'app.log.1'))
  })

  test('whose old part is gone says that it was not seen', async () => {
    const start = await begin({ file })
    renameSync(file, join(folder, 'kept'))
    writeFileSync(file, 'fine\n')
    rmSync(join(folder, 'kept'))
    expect(await read(start)).toMatchObject({
      lines: 1,
      gap: expect.stringContaining('rotated'),
    })
  })

  test('that was emptied in place says so', async () => {
    const start = await begin({ file })
    truncateSync(file)
    appendFileSync(file, 'deadlock\n')
    expect(await read(start)).toMatchObject({
      matches: 1,
      gap: expect.stringContaining('emptied'),
    })
  })

  test('that is not there yet is read whole, and one that never comes is no empty log', async () => {
    const path = join(folder, 'later.log')
    const start = await begin({ file: path })
    expect((await read(start)).gap).toContain('could not be read')
    writeFileSync(path, 'constraint\n')
    expect(await read(start)).toMatchObject({ matches: 1 })
  })
})

describe('a log command', () => {
  test('gets the time of the beginning and is matched line by line', async () => {
    const start = await begin({ command: 'echo "constraint since $AIRLOCK_SINCE"; echo fine' })
    expect(await read(start)).toEqual({
      source: 'logs.command',
      lines: 2,
      matches: 1,
      examples: [`constraint since ${since}`],
    })
  })

  test('that fails is no empty log', async () => {
    const start = await begin({ command: 'echo no such pod >&2; exit 3' })
    expect((await read(start)).gap).toBe('logs.command ended with exit code 3: no such pod')
  })

  test('ends with the run, and what it said until then is read', async () => {
    const start = await begin({ command: 'echo constraint; sleep 60 & wait' })
    const began = Date.now()
    expect(await readLog(start, since, { signal: AbortSignal.timeout(500), redact })).toMatchObject(
      {
        matches: 1,
        gap: expect.stringContaining('was stopped'),
      },
    )
    expect(Date.now() - began).toBeLessThan(4_000)
  })

  test.each([
    ['ended', '', {}],
    ['run for too long', '; sleep 60', { gap: 'logs.command did not end within 1 s' }],
  ])(
    'that has %s is not waited for where what it started holds its output',
    async (_, more, gap) => {
      const leaver = `'${process.execPath}' -e "require('child_process').spawn('sleep', ['20'], { detached: true, stdio: 'inherit' }).unref()"`
      const began = Date.now()
      const options = { signal: new AbortController().signal, redact, timeoutMs: 1_000 }
      const found = await runLogCommand(
        `${leaver}; echo constraint${more}`,
        since,
        [/constraint/],
        options,
      )
      expect(found).toEqual({ lines: 1, matches: 1, examples: ['constraint'], ...gap })
      expect(Date.now() - began).toBeLessThan(5_000)
    },
  )
})

test('lines are shown without secrets, not even half of one, and without controls', async () => {
  const start = await begin({
    command: `printf 'constraint \\033[2J \\000 %s hunter2hunter2 end' "$(printf 'x%.0s' $(seq 480))"`,
  })
  const [example = ''] = (await read(start)).examples
  expect(example).toContain('␛[2J ␀')
  expect(example).not.toContain('hunt')
  expect([...example].length).toBeLessThanOrEqual(500)
  const failing = await begin({ command: 'echo password hunter2hunter2 >&2; exit 1' })
  expect((await read(failing)).gap).toContain('password ***')
})

test('hostile text: half characters, no UTF-8, lines without end', () => {
  const matcher = new LineMatcher([/ü|needle/])
  const text = Buffer.from('grün\n\n')
  for (const byte of text) matcher.add(Uint8Array.of(byte))
  matcher.add(Uint8Array.of(0xff, 0xfe, 0x0a))
  for (let piece = 0; piece < 100; piece++) matcher.add(Buffer.from('x'.repeat(10_000)))
  matcher.add(Buffer.from('needle\nneedle'))
  const { lines, matches, examples } = matcher.finish()
  // What stands a megabyte behind the beginning of its line is not looked at.
  expect([lines, matches, examples]).toEqual([5, 2, ['grün', 'needle']])
})

test('without a log there is nothing to begin', async () => {
  expect(planLog(undefined)).toBeNull()
  expect(planLog({ patterns: [], max: 0 })).toBeNull()
  expect(await beginLog(null)).toBeNull()
})
