import { describe, expect, test } from '@jest/globals'
import { Refusal } from '../../src/report/refusal.ts'
import { parseArguments } from '../../src/runbook/arguments.ts'

describe('the command line', () => {
  test('takes a command and flags in any order and either form', () => {
    expect(parseArguments(['--lock-timeout', '3s', 'deploy', '--undo=run'])).toEqual({
      command: 'deploy',
      given: { command: 'deploy', 'lock-timeout': '3s', undo: 'run' },
      help: false,
      version: false,
    })
  })

  test('takes a boolean flag alone or with its value', () => {
    const last = (...argv: string[]) => parseArguments(argv).given['last-run']
    expect(last('rollback', '--last-run')).toBe('true')
    expect(last('--last-run', 'rollback')).toBe('true')
    expect(last('rollback', '--last-run=false')).toBe('false')
    expect(last('rollback', '--last-run', 'false')).toBe('false')
  })

  test('keeps a value whole, whatever is in it', () => {
    const url = 'postgres://u:p=--w@h/d'
    expect(parseArguments(['plan', `--database-url=${url}`]).given['database-url']).toBe(url)
    expect(parseArguments(['plan', '--role', '-odd']).given.role).toBe('-odd')
  })

  test('asks for help or the version', () => {
    expect(parseArguments(['deploy', '--help'])).toMatchObject({ command: 'deploy', help: true })
    expect(parseArguments(['help', 'deploy'])).toMatchObject({ command: 'deploy', help: true })
    expect(parseArguments(['-h']).help).toBe(true)
    expect(parseArguments(['--version']).version).toBe(true)
    expect(parseArguments([])).toMatchObject({ command: undefined, help: false })
  })

  test.each([
    [['deply'], '"deply" is not a command', 'Did you mean "deploy"?'],
    [['deploy', 'plan'], '"plan" comes after the command deploy', 'quotes'],
    [['deploy', '--lock-timout=2s'], '--lock-timout is not a flag', '"--lock-timeout"'],
    [['deploy', '--lock_timeout=2s'], '--lock_timeout is not a flag', '"--lock-timeout"'],
    [['deploy', '-target'], '-target is not a flag', '"--target"'],
    [['--command=plan'], '--command is not a flag', '--'],
    [['--toString'], '--toString is not a flag', '--'],
    [['deploy', '--target'], '--target has no value', '--target=value'],
    [['deploy', '--target', '--undo=run'], '--target has no value', '--target=value'],
    [['deploy', '--to=1', '--to=2'], '--to is given twice', 'Keep one'],
  ])('%j is refused', (argv, what, fix) => {
    try {
      parseArguments(argv)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      expect(error.parts.what).toBe(what)
      expect(error.parts.fix).toContain(fix)
      return
    }
    throw new Error('nothing was refused')
  })

  test('never repeats the value of a flag that it does not know', () => {
    expect(() => parseArguments(['--databse-url=postgres://u:s3cret@h'])).toThrow(
      /^--databse-url is not a flag$/,
    )
  })
})
