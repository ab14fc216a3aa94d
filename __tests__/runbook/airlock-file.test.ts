import { describe, expect, test } from '@jest/globals'
import { Refusal } from '../../src/report/refusal.ts'
import { parseAirlockFile } from '../../src/runbook/airlock-file.ts'

const parse = (source: string) => parseAirlockFile('airlock.yml', source)

function refusal(source: string): Refusal['parts'] {
  try {
    parse(source)
  } catch (error) {
    if (error instanceof Refusal) return error.parts
    throw error
  }
  throw new Error(`accepted: ${source}`)
}

describe('airlock.yml', () => {
  test('gives settings and targets as text, with their places', () => {
    const file = parse(
      [
        '# ours',
        'lock-timeout: 3s',
        'fail-on-warning: true',
        'targets:',
        '  staging:',
        `    database-url: \${STAGING_URL}`,
        `  production: { database-url: "\${PROD_URL}", undo: run }`,
      ].join('\n'),
    )
    expect(file.settings).toMatchObject({
      'lock-timeout': {
        text: '3s',
        where: { file: 'airlock.yml', line: 2, column: 15 },
        excerpt: `lock-timeout: 3s\n${' '.repeat(14)}^`,
      },
      'fail-on-warning': { text: 'true' },
    })
    expect([...file.targets.keys()]).toEqual(['staging', 'production'])
    expect(file.targets.get('production')).toMatchObject({ undo: { text: 'run' } })
  })

  test.each(['', '# nothing yet\n', '---\n', '{}'])('may say nothing: %j', (source) => {
    const file = parse(source)
    expect(file.settings).toEqual({})
    expect(file.targets.size).toBe(0)
  })

  test.each([
    ['lock-timout: 2s', 1, 1, 'lock-timout', 'Did you mean "lock-timeout"?'],
    ['undo: run\nlock_timeout: 2s', 2, 1, 'lock_timeout', 'Did you mean "lock-timeout"?'],
    ['wachten: {}', 1, 1, 'wachten', 'Use one of'],
    ['target: a\nto: 5', 2, 1, 'to is not a key', '--to'],
    ['command: plan', 1, 1, 'command', '--command'],
    ['targets: { ü: { undoo: run } }', 1, 17, 'the target ü', 'Did you mean "undo"?'],
    ['targets: { a: { target: b } }', 1, 17, 'target', 'top level'],
    ['lock-timeout: 2', 1, 15, 'bare number', '2s'],
    ['lock-timeout: 5m', 1, 15, 'not a duration', '5min'],
    ['lock-timeout: 0s', 1, 15, 'is 0', '30s'],
    ['lock-timeout: [2s]', 1, 15, 'lock-timeout is a list', '2s or 5min'],
    ['lock-timeout:\nundo: run', 1, 1, 'no value', 'the default, 2s'],
    ['role: ""', 1, 7, 'no value', 'remove the key'],
    ['role: 12', 1, 7, 'the number 12', 'role: "12"'],
    ['fail-on-warning: yes', 1, 18, '"yes"', 'true or false'],
    ['on-failure: rolback', 1, 13, '"rolback"', 'Did you mean "rollback"?'],
    [`role: \${ROLE}`, 1, 7, 'environment variable', 'Write the value itself'],
    ['targets: staging', 1, 10, 'targets is text', 'targets: {'],
    ['targets: { staging: x }', 1, 21, 'targets.staging is text', 'targets: {'],
    ['- a', 1, 1, 'airlock.yml is a list', 'targets: {'],
    ['undo: run\nundo: run', 2, 1, 'not valid YAML', 'each stands once'],
    ['undo: "run', 1, 11, 'not valid YAML', 'Correct the line'],
    ['a: 1\n---\nb: 2', 2, 1, 'not valid YAML', 'Correct the line'],
  ])('%j is refused at %d:%d', (source, line, column, what, fix) => {
    const parts = refusal(source)
    expect(parts.where).toEqual({ file: 'airlock.yml', line, column })
    expect(parts.what).toContain(what)
    expect(parts.fix).toContain(fix)
    expect(parts.excerpt).toMatch(new RegExp(`\\n {${column - 1}}\\^$`))
  })

  test('follows aliases', () => {
    const file = parse(
      'lock-timeout: &t 4s\ntargets: { a: &a { undo: run, lock-timeout: *t }, b: *a }',
    )
    for (const name of ['a', 'b']) {
      expect(file.targets.get(name)).toMatchObject({
        undo: { text: 'run' },
        'lock-timeout': { text: '4s' },
      })
    }
    expect(refusal('targets: { a: &a { undoo: run }, b: *a }').where?.column).toBe(20)
  })

  test('is refused when aliases stand for very much', () => {
    const many = (name: string) => Array.from({ length: 20 }, () => `*${name}`).join(', ')
    const bomb = `a: &a [x]\nb: &b [${many('a')}]\nc: &c [${many('b')}]\nd: [${many('c')}]`
    expect(refusal(bomb).fix).toContain('aliases')
  })

  test('tells the problem that stands first', () => {
    expect(refusal('lock-timeout: 2\nnonsense: 1').where?.line).toBe(1)
    expect(refusal('nonsense: 1\nlock-timeout: 2').where?.line).toBe(1)
  })

  test.each([
    'database-url: postgres://app:s3cret@db/app',
    'database-url: postgres://app:s3cret/p@ss@db/app',
    'database-url: postgres://app@db/app?password=s3cret',
    'database-url: "host=db password=s3cret"',
    `database-url: postgres://app:s3cret\${REST}@db/app`,
    'targets: { a: { database-url: "postgres://app:s3cret@db/app" } }',
    'databse-url: postgres://app:s3cret@db/app',
    'password: s3cret',
    'undo: run # postgres://app:s3cret@db/app\nundo: postgres://app:s3cret@db/app',
    'undo: postgres://app:s3cret@db/app',
    'lock-timeout: postgres://app:s3cret@db/app',
  ])('never holds nor shows a password: %s', (source) => {
    expect(JSON.stringify(refusal(source))).not.toContain('s3cret')
  })

  test.each([
    'database-url: postgres://app@db/app',
    `database-url: postgres://app:\${PASSWORD}@db/app`,
    `database-url: \${DATABASE_URL}`,
  ])('takes a URL without a password of its own: %s', (source) => {
    expect(parse(source).settings['database-url']?.text).toBe(source.slice('database-url: '.length))
  })
})
