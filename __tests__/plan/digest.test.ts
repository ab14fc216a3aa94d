import { beforeAll, describe, expect, test } from '@jest/globals'
import { compileMigration } from '../../src/plan/compile.ts'
import {
  type DigestedMigration,
  type DigestedSettings,
  type DigestedTarget,
  planDigest,
} from '../../src/plan/digest.ts'
import { differenceOfDigests, readDigest } from '../../src/plan/digest-difference.ts'
import { discoverMigrations } from '../../src/runbook/layout.ts'
import { loadParser } from '../../src/sql/parser.ts'

beforeAll(loadParser)

const target: DigestedTarget = {
  systemIdentifier: '7300000000000000001',
  host: 'db',
  port: 5432,
  database: 'shop',
}
const settings: DigestedSettings = {
  role: undefined,
  onFailure: 'rollback',
  undo: 'migration',
  failOnWarning: false,
  forbidDeletes: false,
  allowDataLoss: false,
}
const files = {
  '1_a': 'create table a (id int);\ncreate index on a (id)',
  '2_b': 'create table b (id int)',
  'rollbacks/2_b_rollback': 'drop table b',
}

function pendingOf(texts: Readonly<Record<string, string>>, serverMajor = 18): DigestedMigration[] {
  const sources = Object.entries(texts).map(([name, text]) => ({
    path: `migrations/${name}.sql`,
    text,
  }))
  return discoverMigrations(sources, 'migrations').map((migration) => ({
    planned: compileMigration(migration, { serverMajor }),
    action: 'apply',
  }))
}

const digest = planDigestOf(files)
function planDigestOf(
  texts: Readonly<Record<string, string>>,
  on: Partial<DigestedTarget> = {},
  under: Partial<DigestedSettings> = {},
): () => string {
  return () => planDigest(pendingOf(texts), { ...target, ...on }, { ...settings, ...under })
}

/** What differs from the digest of `files`. */
function difference(other: string): readonly string[] {
  const [approved, actual] = [readDigest(digest()), readDigest(other)]
  if (approved === null || actual === null) throw new Error(`no digest: ${other}`)
  return differenceOfDigests(approved, actual)
}

describe('the digest of a plan', () => {
  test('is one line that names each version', () => {
    expect(digest()).toMatch(
      /^airlock1\.[0-9a-f]{64}\.[0-9a-f]{8}\.[0-9a-f]{8}\.1=[0-9a-f]{8},2=[0-9a-f]{8}$/,
    )
  })

  test('stays what it is: a digest that was approved yesterday holds after an update', () => {
    expect(digest().split('.')[1]?.slice(0, 16)).toBe('60d25809c09fb2f8')
  })

  test('is the same on every platform: line endings and a byte order mark don’t count', () => {
    const windows = Object.entries(files).map(([name, text]) => [
      name,
      `\uFEFF${text.replaceAll('\n', '\r\n')}`,
    ])
    expect(planDigestOf(Object.fromEntries(windows))()).toBe(digest())
  })

  test('is the same wherever the same cluster is reached', () => {
    expect(planDigestOf(files, { host: 'other', port: 1 })()).toBe(digest())
  })

  test.each([
    ['a changed script', { ...files, '1_a': 'create table a (id bigint)' }, ['1 was changed']],
    [
      'a changed rollback script',
      { ...files, 'rollbacks/2_b_rollback': 'drop table if exists b' },
      ['2 was changed'],
    ],
    [
      'a new verify script',
      { ...files, 'verify/1_a_verify': 'select 1 as one;\n-- expect: one = 1' },
      ['1 was changed'],
    ],
    [
      'another name',
      { '1_z': files['1_a'], '2_b': files['2_b'] },
      ['1 was changed', '2 was changed'],
    ],
    ['a migration more', { ...files, '3_c': 'create table c ()' }, ['3 was added']],
    ['a migration less', { '1_a': files['1_a'] }, ['2 was approved and is no longer pending']],
  ])('%s is named', (_, texts, sentences) => {
    const found = difference(planDigestOf(texts)())
    expect(found.map((sentence, index) => sentence.startsWith(sentences[index] ?? '?'))).toEqual(
      sentences.map(() => true),
    )
  })

  test('a half-done migration is not the one that was approved', () => {
    const [first, ...others] = pendingOf(files)
    if (first === undefined) throw new Error('no migration')
    const resumed = planDigest([{ ...first, action: 'resume' }, ...others], target, settings)
    expect(difference(resumed)).toEqual(['1 was changed, or an earlier run has begun it.'])
  })

  test('another database or cluster is named', () => {
    const sentence = ['Approved was another database.']
    expect(difference(planDigestOf(files, { database: 'shop_staging' })())).toEqual(sentence)
    expect(difference(planDigestOf(files, { systemIdentifier: '73' })())).toEqual(sentence)
  })

  test.each([
    { role: 'owner' },
    { onFailure: 'stop' },
    { undo: 'run' },
    { allowDataLoss: true },
  ] as const)('other settings are named: %p', (under) => {
    expect(difference(planDigestOf(files, {}, under)())).toEqual([
      expect.stringMatching(/^Settings differ/),
    ])
  })

  test('nothing pending has a digest too', () => {
    const none = planDigest([], target, settings)
    expect(none).toMatch(/\.none$/)
    expect(difference(none)).toHaveLength(2)
  })

  test('a digest whose parts agree but whose whole does not is another one', () => {
    const other = digest().replace(/^airlock1\.[0-9a-f]{8}/, 'airlock1.00000000')
    expect(difference(other)).toEqual(['The digests differ in a part that they do not name.'])
  })

  test('blanks around it don’t count; anything else that is cut or added makes it none', () => {
    expect(readDigest(` ${digest()}\n`)).toEqual(readDigest(digest()))
    const broken = [
      '',
      'abc',
      digest().slice(1),
      digest().slice(0, -1),
      `${digest()},`,
      `"${digest()}"`,
      digest().replace('airlock1', 'airlock2'),
      digest().replace('.1=', '.x='),
    ]
    expect(broken.map(readDigest)).toEqual(broken.map(() => null))
  })
})
