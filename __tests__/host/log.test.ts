import { describe, expect, test } from '@jest/globals'
import { harmless, openLog } from '../../src/host/log.ts'
import { runScript } from './process.ts'

function logOn(env: Readonly<Record<string, string>>, terminal = false) {
  let text = ''
  const log = openLog(
    {
      isTTY: terminal,
      columns: 40,
      write: (more: string) => {
        text += more
      },
    },
    env,
  )
  return { log, text: () => text }
}

const COLOR = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g')
const stripColors = (line: string) => line.replace(COLOR, '')

/** How the runner looks for a command in a line, invisible characters counting as nothing. */
function isCommand(line: string): boolean {
  const seen = stripColors(line).replace(/[\p{Cf}\p{Mn}\p{Cc}]/gu, '')
  return /^\s*::/u.test(seen) || /##\w*\[/.test(seen)
}

describe('a line with text from a database', () => {
  test.each([
    '::error::forged',
    '  \t::set-output name=a::b',
    '\u00a0::add-mask::x',
    '\u200b::error::x',
    ':\u200b:error::x',
    ':\u00ad:error::x',
    '\ufeff::stop-commands::x',
    '\u001b[31m::error::x',
    ':\u001b[0m:error::x',
    'NOTICE: ##[error]forged',
    '##[group]x##[endgroup]',
    '#\u200b#\u2060[error]x',
    '###[error]x',
    '##vso[task.complete]x',
    '##teamcity[message]',
    '\u0301::error::x',
  ])('cannot command the runner: %j', (line) => {
    expect(isCommand(line)).toBe(true)
    for (const colors of [true, false]) expect(isCommand(harmless(line, colors))).toBe(false)
  })

  test.each([
    'plain text',
    'a::text cast',
    'SELECT 1::int, ARRAY[1]',
    '# heading',
    'größe → ok ✓',
    '\tindented',
    ': :',
  ])('stays as it is when harmless: %j', (line) => {
    expect(harmless(line)).toBe(line)
  })

  test('cannot command the terminal, colours apart', () => {
    expect(harmless('\u001b]0;title\u0007\u001b[2J\u009b2J')).toBe(
      '\\x1b]0;title\\x07\\x1b[2J\\x9b2J',
    )
    expect(harmless('a\u202eb\u0000')).toBe('a\\u202eb\\x00')
    expect(harmless('\u001b[31mred\u001b[0m', true)).toBe('\u001b[31mred\u001b[0m')
    expect(harmless('\u001b[31mred')).toBe('\\x1b[31mred')
  })
})

describe('the log', () => {
  test('folds groups under the runner, ending an open one first', () => {
    const { log, text } = logOn({ GITHUB_ACTIONS: 'true' })
    log.group('100%\nof ::error::one')
    log.line('inside\r::error::x')
    log.group('two')
    log.endGroup()
    log.endGroup()
    expect(text()).toBe(
      '::group::100%25 of ::error::one\ninside\n: :error::x\n::endgroup::\n::group::two\n::endgroup::\n',
    )
  })

  test('prints titles as lines elsewhere', () => {
    const { log, text } = logOn({})
    log.group('Title')
    log.line('inside')
    log.endGroup()
    log.live('never seen')
    expect(text()).toBe('Title\ninside\n')
  })

  test('replaces the live line on a terminal and never lets it wrap', () => {
    const { log, text } = logOn({}, true)
    log.live('x'.repeat(100))
    log.live('still running\nfor 5s')
    log.line('done')
    expect(text()).toBe(`${'x'.repeat(39)}\r\u001b[2Kstill running for 5s\r\u001b[2Kdone\n`)
  })

  test.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ TERM: 'dumb' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ GITHUB_ACTIONS: 'true' }, false, true],
    [{ GITHUB_ACTIONS: 'true', NO_COLOR: '1' }, false, false],
  ])('with %j on a terminal (%s) colours are %s', (env, terminal, expected) => {
    expect(logOn(env as Record<string, string>, terminal).log.style.color).toBe(expected)
  })

  test('outlives a reader that goes away', async () => {
    const { stderr, code } = await runScript(`
      import { openLog } from '@host/log.js'
      const log = openLog()
      process.stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      log.line('into the void')
      setTimeout(() => console.error('went on'), 50)
    `)
    expect(stderr.trim()).toBe('went on')
    expect(code).toBe(0)
  })
})
