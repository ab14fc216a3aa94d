import { describe, expect, test } from '@jest/globals'
import { preflightChecks } from '../../src/checks/preflight/registry.ts'
import { refuseUnknownChecks } from '../../src/commands/known-checks.ts'
import { Refusal } from '../../src/report/refusal.ts'
import { parseAirlockFile } from '../../src/runbook/airlock-file.ts'

const known = ['server.version', 'risk.lock-waits']
const judge = (source: string) =>
  refuseUnknownChecks(parseAirlockFile('airlock.yml', source), known)

describe('preflight.checks', () => {
  test.each([
    ['preflight:\n  checks:\n    server.versoin: warn', 3, 21, 'Did you mean "server.version"?'],
    ['targets:\n  a:\n    preflight: { checks: { x.y: off } }', 3, 33, 'Use one of'],
  ])('%j names a check that does not exist', (source, line, column, fix) => {
    expect(() => judge(source)).toThrow(Refusal)
    try {
      judge(source)
    } catch (error) {
      const { parts } = error as Refusal
      expect(parts.where).toEqual({ file: 'airlock.yml', line, column })
      expect(parts.fix).toContain(fix)
      expect(parts.excerpt).toContain('^')
    }
  })

  test('may name those that do, in the file and in targets', () => {
    const checks = '{ checks: { server.version: off, risk.lock-waits: fail } }'
    expect(() =>
      judge(`preflight: ${checks}\ntargets: { a: { preflight: ${checks} } }`),
    ).not.toThrow()
    for (const source of ['', 'preflight: {}', 'targets: { a: {} }'])
      expect(() => judge(source)).not.toThrow()
  })

  test('are those of the registry', () => {
    const ids = preflightChecks.map(({ id }) => `${id}: warn`).join(', ')
    const airlock = parseAirlockFile('airlock.yml', `preflight: { checks: { ${ids} } }`)
    expect(() => refuseUnknownChecks(airlock)).not.toThrow()
  })
})
