import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import {
  appendJobSummary,
  readMigrations,
  readQueries,
  readRunbook,
  SUMMARY_LIMIT,
  temporaryPaths,
  writeWhole,
} from '../../src/host/files.ts'
import { Refusal } from '../../src/report/refusal.ts'

function folder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'files-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return root
}

async function refusal(action: Promise<unknown>): Promise<Refusal['parts']> {
  const error: unknown = await action.then(
    () => new Error('nothing was refused'),
    (reason) => reason,
  )
  if (error instanceof Refusal) return error.parts
  throw error
}

describe('the folder of migrations', () => {
  test('is read with its subfolders, SQL files only, BOM and line ends kept', async () => {
    const root = folder({
      'b.sql': '\uFEFFSELECT 1;\r\n',
      'a.SQL': 'ü',
      'rollbacks/b_rollback.sql': '',
      'README.md': new Uint8Array([0xff]),
    })
    expect(await readMigrations(`${root}/`)).toEqual([
      { path: `${root}/a.SQL`, text: 'ü' },
      { path: `${root}/b.sql`, text: '\uFEFFSELECT 1;\r\n' },
      { path: `${root}/rollbacks/b_rollback.sql`, text: '' },
    ])
  })

  test('may hold links to files; links to folders are not followed', async () => {
    const root = folder({ 'real/1_a.sql': 'x' })
    mkdirSync(join(root, 'm'))
    symlinkSync('../real/1_a.sql', join(root, 'm/1_a.sql'))
    symlinkSync('..', join(root, 'm/up'))
    expect(await readMigrations(join(root, 'm'))).toEqual([
      { path: join(root, 'm/1_a.sql'), text: 'x' },
    ])
  })

  test('is refused with what to do when it is missing or a file', async () => {
    const root = folder({ file: '' })
    expect((await refusal(readMigrations(`${root}/none`))).fix).toContain('actions/checkout')
    expect((await refusal(readMigrations(`${root}/file`))).what).toContain('is a file')
  })

  test.each([
    ['a byte of Latin-1', [0x61, 0x0a, 0xc3, 0xbc, 0x62, 0xe9, 0x63], 5, 2, 3, 'iconv -f LATIN1'],
    ['a character cut off at the end', [0x61, 0xe2, 0x82], 1, 1, 2, 'iconv -f LATIN1'],
    ['UTF-16', [0xff, 0xfe, 0x61, 0x00], 0, 1, 1, 'iconv -f UTF-16'],
    ['an overlong form', [0x61, 0xc0, 0xaf], 1, 1, 2, 'iconv'],
  ])('is refused for %s, at its place', async (_, bytes, offset, line, column, fix) => {
    const root = folder({ '1_a.sql': new Uint8Array(bytes) })
    const parts = await refusal(readMigrations(root))
    expect(parts.what).toContain(`byte ${offset} is 0x${bytes[offset]?.toString(16)}`)
    expect(parts.where).toEqual({ file: `${root}/1_a.sql`, line, column })
    expect(parts.fix).toContain(fix)
  })
})

describe('the runbook file', () => {
  test('may be missing unless it was asked for', async () => {
    const root = folder({ 'airlock.yml': 'undo: run' })
    expect(await readRunbook(`${root}/airlock.yml`, false)).toMatchObject({ text: 'undo: run' })
    expect(await readRunbook(`${root}/none.yml`, false)).toBeNull()
    expect((await refusal(readRunbook(`${root}/none.yml`, true))).what).toContain('none.yml')
  })

  test('the queries of the baseline: none where none are named, refused where they are missing', async () => {
    const root = folder({ 'o.sql': 'SELECT 1' })
    expect(await readQueries(undefined)).toBeNull()
    expect(await readQueries(`${root}/o.sql`)).toEqual({ path: `${root}/o.sql`, text: 'SELECT 1' })
    expect((await refusal(readQueries(`${root}/none.sql`))).why).toContain('baseline.queries')
  })
})

describe('what is written', () => {
  test('replaces a file as a whole and leaves nothing beside it', async () => {
    const root = folder({ 'out/report.json': 'old' })
    await writeWhole(join(root, 'out/report.json'), 'new')
    await writeWhole(join(root, 'deep/er/report.json'), 'new')
    expect(readFileSync(join(root, 'out/report.json'), 'utf8')).toBe('new')
    expect(readdirSync(join(root, 'out'))).toEqual(['report.json'])
    expect(readdirSync(join(root, 'deep/er'))).toEqual(['report.json'])
  })

  test('fails without a trace where it cannot be written', async () => {
    const root = folder({ 'taken/file': '' })
    await expect(writeWhole(join(root, 'taken'), 'x')).rejects.toThrow()
    expect(readdirSync(root)).toEqual(['taken'])
  })

  test('goes to a folder of its own for each step when no path is given', async () => {
    const root = folder()
    const one = await temporaryPaths({ RUNNER_TEMP: root })
    const other = await temporaryPaths({ RUNNER_TEMP: root })
    expect(one.report.startsWith(root)).toBe(true)
    expect(one.report).not.toBe(other.report)
  })
})

describe('the job summary', () => {
  test('is added to what earlier steps wrote', async () => {
    const root = folder({ summary: 'before\n' })
    const env = { GITHUB_STEP_SUMMARY: join(root, 'summary') }
    expect(await appendJobSummary('# Ours', env)).toBeNull()
    expect(readFileSync(join(root, 'summary'), 'utf8')).toBe('before\n# Ours\n')
  })

  test('is a warning, not a failure, when it is too long or has nowhere to go', async () => {
    const root = folder({ summary: 'x' })
    const env = { GITHUB_STEP_SUMMARY: join(root, 'summary') }
    expect(await appendJobSummary('ü'.repeat(SUMMARY_LIMIT / 2), env)).toContain('limit')
    expect(readFileSync(join(root, 'summary'), 'utf8')).toBe('x')
    expect(await appendJobSummary('x', { GITHUB_STEP_SUMMARY: root })).toContain('not written')
    expect(await appendJobSummary('x', {})).toBeNull()
  })
})
