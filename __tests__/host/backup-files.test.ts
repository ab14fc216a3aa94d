import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { fileErrorOf, lookAt, readLines, sha256Of } from '../../src/host/backup-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'airlock-files-'))
afterAll(() => rmSync(folder, { recursive: true }))

const never = new AbortController().signal

test.each([
  ['hashing', (path: string, stop: AbortSignal) => sha256Of(path, stop)],
  ['reading', (path: string, stop: AbortSignal) => readLines(path, false, stop, () => {})],
])('%s a file of a terabyte ends when it is stopped', async (name, act) => {
  const path = join(folder, name)
  writeFileSync(path, '')
  truncateSync(path, 2 ** 40)
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 50)
  const started = Date.now()
  await expect(act(path, stop.signal)).rejects.toThrow(/abort/)
  expect(Date.now() - started).toBeLessThan(3_000)
})

test('a folder’s size and hash are of all files below it', async () => {
  const path = join(folder, 'base')
  mkdirSync(join(path, 'base', '1'), { recursive: true })
  writeFileSync(join(path, 'base', '1', '1259'), 'rows')
  const shallow = await sha256Of(path, never)
  expect(await lookAt(path)).toMatchObject({ isFolder: true, bytes: 4 })
  writeFileSync(join(path, 'base', '1', '1259'), 'ROWS')
  expect(await sha256Of(path, never)).not.toBe(shallow)
})

test('an error of the file system is told from every other', async () => {
  const missing = await sha256Of(join(folder, 'none'), never).catch((error: unknown) => error)
  expect(fileErrorOf(missing)?.message).toMatch(/^ENOENT.*none/)
  expect(fileErrorOf(new Error('no'))).toBeNull()
  expect(fileErrorOf(Object.assign(new Error('no'), { code: '42501' }))).toBeNull()
})
