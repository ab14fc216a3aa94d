import { describe, expect, test } from '@jest/globals'
import { Refusal } from '../../src/report/refusal.ts'
import {
  formatDuration,
  parseDuration,
  parseTimeout,
  postgresDuration,
} from '../../src/runbook/duration.ts'

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['2s', 2000],
    ['5min', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['1.5 min', 90_000],
    ['1.1s', 1100],
    ['10us', 1],
    ['0s', 0],
  ])('%s is %d milliseconds', (text, expected) => {
    expect(parseDuration(text)).toBe(expected)
  })

  test.each([
    ['2', 'bare number', '2s'],
    ['5m', 'not a duration', '5min'],
    ['5 Minutes', 'not a duration', '5min'],
    ['2S', 'not a duration', '2s'],
    ['2weeks', 'not a duration', 'us, ms, s, min, h, d'],
    ['-2s', 'not a duration', '500ms, 2s'],
    ['', 'not a duration', '500ms, 2s'],
    ['1h30min', 'not a duration', '500ms, 2s'],
    ['2constructor', 'not a duration', 'us, ms, s, min, h, d'],
  ])('refuses "%s" as %s and proposes %s', (text, what, fix) => {
    const where = { file: 'a.sql', line: 3, column: 7 }
    try {
      parseDuration(text, { name: 'lock_timeout', where, excerpt: 'here' })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      expect(error.parts).toMatchObject({ where, excerpt: 'here' })
      expect(error.parts.what).toContain('lock_timeout')
      expect(error.parts.what).toContain(what)
      expect(error.parts.fix).toContain(fix)
      return
    }
    throw new Error(`${text} was accepted`)
  })

  test('a timeout may be neither 0 nor longer than Postgres can count', () => {
    expect(() => parseTimeout('0ms')).toThrow('is 0')
    expect(() => parseTimeout('25d')).toThrow('not a duration')
    expect(parseTimeout('2s')).toBe(2000)
  })

  test.each([
    [0, '0ms'],
    [350, '350ms'],
    [1500, '1.5s'],
    [2000, '2s'],
    [59_600, '1min'],
    [90_000, '1min 30s'],
    [3_600_000, '1h'],
    [604_800_000, '7d'],
  ])('%d milliseconds read as %s', (milliseconds, expected) => {
    expect(formatDuration(milliseconds)).toBe(expected)
  })

  test.each([
    [0, '0'],
    [90_000, '90s'],
    [300_000, '5min'],
    [1500, '1500ms'],
    [86_400_000, '1d'],
  ])('%d milliseconds are shown by Postgres as %s', (milliseconds, expected) => {
    expect(postgresDuration(milliseconds)).toBe(expected)
  })
})
