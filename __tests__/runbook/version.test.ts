import { describe, expect, test } from '@jest/globals'
import {
  compareVersions,
  parseVersion,
  sameVersion,
  versionKey,
} from '../../src/runbook/version.ts'

describe('versions', () => {
  test.each([
    ['1', '1.0', true],
    ['V1.2', '1_2', true],
    ['007', '7', true],
    ['1.2', '12', false],
    ['1.10', '1.1', false],
    ['20250115120000', '20250115120000_add_x', false],
    ['', '0', false],
  ])('%j and %j are the same: %s', (a, b, expected) => {
    expect(sameVersion(a, b)).toBe(expected)
    expect(versionKey(a) === versionKey(b)).toBe(expected)
  })

  test('order by their groups, missing ones being 0', () => {
    const sorted = ['2', '1.0.1', '1', '10', '1.0.0.5'].sort((a, b) =>
      compareVersions(parseVersion(a) ?? [], parseVersion(b) ?? []),
    )
    expect(sorted).toEqual(['1', '1.0.0.5', '1.0.1', '2', '10'])
  })
})
