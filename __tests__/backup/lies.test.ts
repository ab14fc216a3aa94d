import { execFileSync } from 'node:child_process'
import {
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { judgeOrigin, judgeSize } from '../../src/backup/prove.ts'
import type { CheckReport } from '../../src/report/types.ts'
import { createDatabase, type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, type EngineResult, endingOf } from '../support/engine.ts'
import { describeDumps, withFolder } from './client.ts'

const files = { '1_note': 'alter table bread add column note text;' }
const table = `create table bread (id int primary key, name text); insert into bread select n, md5(n::text) from generate_series(1, 5000) n;`

function dump(database: TestDatabase, path: string, ...args: readonly string[]): void {
  execFileSync('pg_dump', [`--dbname=${database.url}`, `--file=${path}`, ...args])
}

/** The id of the proof that refused the deployment, with what it found. The database must be as it was. */
async function refusal(database: TestDatabase, command: object): Promise<CheckReport> {
  const result = await deployFiles(database, { files, gates: { backup: { command } } })
  expect([result.report.outcome, result.report.exitCode]).toEqual(['refused', 1])
  expect(result.report.backup?.outcome).toBe('failed')
  expect(
    await database.query(
      `select to_regnamespace('airlock') as journal, count(*)::int as columns from pg_attribute where attrelid = 'bread'::regclass and attnum > 0`,
    ),
  ).toEqual([{ journal: null, columns: 2 }])
  return failedCheck(result)
}

/** As before a deployment that went through. */
const undeployed = ({ query }: TestDatabase) =>
  query(`drop table bread; drop schema airlock cascade; ${table}`)

function failedCheck({ report }: EngineResult): CheckReport {
  const failed = report.checks.filter(({ outcome }) => outcome === 'failed')
  const [first] = failed
  if (first === undefined || failed.length > 1) throw new Error(JSON.stringify(report.checks))
  expect([first.reason, first.fix, first.expected, first.actual].every(Boolean)).toBe(true)
  return first
}

describeDumps('a command that lies about its backup is refused', ({ major }) => {
  const withBread = (act: (database: TestDatabase, folder: string) => Promise<void>) =>
    withFolder((folder) =>
      withDatabase({ major }, async (database) => {
        await database.query(table)
        await act(database, folder)
      }),
    )

  test('the truth is believed, whatever format it has', async () => {
    const commands = [
      'pg_dump -Fc -f "$AIRLOCK_BACKUP"',
      'pg_dump -Ft -f "$AIRLOCK_BACKUP"',
      'pg_dump -Fd -f "$AIRLOCK_BACKUP"',
      'pg_dump --create "$DATABASE_URL" > "$AIRLOCK_BACKUP"',
      'pg_dump --create --inserts | gzip > "$AIRLOCK_BACKUP"',
    ]
    for (const run of commands) {
      await withBread(async (database, folder) => {
        const command = { run, path: join(folder, 'x_{date}') }
        const result = await deployFiles(database, { files, gates: { backup: { command } } })
        expect(endingOf(result)).toBe('deployed 0')
        expect(result.report.backup).toMatchObject({ kind: 'command', outcome: 'passed' })
      })
    }
  })

  test('an empty file', () =>
    withBread(async (database, folder) => {
      const path = join(folder, 'x')
      expect(await refusal(database, { run: `: > '${path}'`, path })).toMatchObject({
        id: 'backup.size',
        actual: '0 B',
      })
    }))

  test('no file at all', () =>
    withBread(async (database, folder) => {
      const check = await refusal(database, { run: 'true', path: join(folder, 'x') })
      expect(check).toMatchObject({ id: 'backup.size', actual: 'there is none' })
    }))

  test('one that is cut off, be it in the list, in the data, or right before the end', () =>
    withBread(async (database, folder) => {
      const whole = join(folder, 'whole')
      for (const format of ['custom', 'plain', 'tar'] as const) {
        dump(database, whole, `--format=${format}`)
        const length = readFileSync(whole).length
        const last = { custom: 3, plain: 30, tar: 1024 }[format]
        for (const bytes of [600, length / 4, length / 2, length - last]) {
          const path = join(folder, 'cut')
          writeFileSync(path, readFileSync(whole))
          truncateSync(path, Math.floor(bytes))
          const check = await refusal(database, { run: `touch '${path}'`, path })
          expect([check.id, format, bytes]).toEqual(['backup.readable', format, bytes])
        }
      }
    }))

  test('a folder with a table’s file cut off, packed or not', () =>
    withBread(async (database, folder) => {
      for (const packed of [0, 6]) {
        const path = join(folder, `d${packed}`)
        dump(database, path, '--format=directory', `--compress=${packed}`)
        const file = readdirSync(path).find((name) => /^\d/.test(name)) ?? ''
        truncateSync(join(path, file), statSync(join(path, file)).size >> 1)
        const check = await refusal(database, { run: `touch '${path}'/*`, path })
        expect(check.id).toBe('backup.readable')
      }
    }))

  test('a packed one that is cut off', () =>
    withBread(async (database, folder) => {
      const path = join(folder, 'x.gz')
      const run = `pg_dump | gzip > '${path}.whole'; head -c 20000 '${path}.whole' > '${path}'`
      expect((await refusal(database, { run, path })).id).toBe('backup.readable')
    }))

  test('another text', () =>
    withBread(async (database, folder) => {
      const path = join(folder, 'x')
      const run = `echo '<html>504 Gateway Timeout</html>' > '${path}'`
      expect((await refusal(database, { run, path })).id).toBe('backup.readable')
    }))

  test('another database’s, also one with the same tables', () =>
    withBread(async (database, folder) => {
      const other = await createDatabase({ major })
      try {
        await other.query(table)
        const path = join(folder, 'x')
        dump(other, path, '--format=custom')
        const run = `touch '${path}'`
        expect(await refusal(database, { run, path, 'min-size': '1kB' }).catch(String)).toMatch(
          /backup.origin.*backup.tables/s,
        )
      } finally {
        await other.drop()
      }
    }))

  test('another database’s in plain text, when it says so; one that doesn’t say is not believed either', () =>
    withBread(async (database, folder) => {
      const other = await createDatabase({ major, name: `o ü"=' \\ ${process.pid}` })
      try {
        await other.query(table)
        const path = join(folder, 'x')
        for (const packed of ['', '| gzip']) {
          const run = `pg_dump --create --dbname="$OTHER" ${packed} > '${path}'`
          const told = run.replace('$OTHER', other.url)
          const check = await refusal(database, { run: told, path }).catch(String)
          expect(check).toMatch(/backup.origin.*another database.*backup.tables.*1 missing/s)
        }
        const silent = { run: `pg_dump "${other.url}" > '${path}'`, path }
        const result = await deployFiles(database, {
          files,
          gates: { backup: { command: silent } },
        })
        expect(result.report.backup?.outcome).toBe('not-checked')
        expect(result.report.checks.find(({ id }) => id === 'backup.origin')).toMatchObject({
          outcome: 'not-checked',
          reason: expect.stringContaining('doesn’t say which database'),
        })
      } finally {
        await other.drop()
      }
    }))

  test('a dump of the whole cluster is read for its part of this database only', () =>
    withBread(async (database, folder) => {
      const other = await createDatabase({ major, name: `a_whole_${process.pid}` })
      const path = join(folder, 'x')
      const part = (url: string) => `pg_dump --create --dbname="${url}"`
      try {
        await other.query(table)
        const run = `{ ${part(database.url)}; ${part(other.url)}; } > '${path}'`
        const gates = { backup: { command: { run, path } } }
        const result = await deployFiles(database, { files, gates })
        expect([endingOf(result), result.report.backup?.outcome]).toEqual(['deployed 0', 'passed'])
        await undeployed(database)
        const without = `{ ${part(database.url)} --exclude-table=bread; ${part(other.url)}; } > '${path}'`
        expect((await refusal(database, { run: without, path })).id).toBe('backup.tables')
      } finally {
        await other.drop()
      }
    }))

  test('yesterday’s, left where it was', () =>
    withBread(async (database, folder) => {
      const path = join(folder, 'x')
      dump(database, path, '--format=custom')
      const yesterday = Date.now() / 1000 - 86_400
      utimesSync(path, yesterday, yesterday)
      expect((await refusal(database, { run: 'true', path })).id).toBe('backup.age')
    }))

  test('the schema alone, in an archive and in a text', () =>
    withBread(async (database, folder) => {
      for (const format of ['c', 'p']) {
        const path = join(folder, format)
        const run = `pg_dump --schema-only -F${format} -f '${path}'`
        const check = await refusal(database, { run, path })
        expect(check).toMatchObject({
          id: 'backup.tables',
          actual: '1 without rows',
          details: ['public.bread: definition only'],
        })
      }
    }))

  test('all but a table of the plan', () =>
    withBread(async (database, folder) => {
      const path = join(folder, 'x')
      const run = `pg_dump --exclude-table=bread -Fc -f '${path}'`
      expect((await refusal(database, { run, path })).details).toEqual(['public.bread: missing'])
    }))

  test('what can’t be read here is not checked: a newer pg_dump’s archive, another program’s files', () =>
    withBread(async (database, folder) => {
      const newer = `printf '\\143' | dd of="$AIRLOCK_BACKUP" bs=1 seek=6 conv=notrunc`
      const tar = 'tar -C /etc -cf - hostname'
      const commands = {
        newer: `pg_dump -Fc -f "$AIRLOCK_BACKUP" && ${newer}`,
        base: 'mkdir -p "$AIRLOCK_BACKUP/base/1" && head -c 9000 /dev/zero > "$AIRLOCK_BACKUP/base/1/1259"',
        tar: `${tar} > "$AIRLOCK_BACKUP"`,
        'tar.gz': `${tar} | gzip > "$AIRLOCK_BACKUP"`,
        'dump.gz': 'pg_dump -Fc | gzip > "$AIRLOCK_BACKUP"',
      }
      for (const [name, run] of Object.entries(commands)) {
        const path = join(folder, name)
        const { report } = await deployFiles(database, {
          files,
          gates: { backup: { command: { run, path } } },
        })
        const read = report.checks.find(({ id }) => id === 'backup.readable')
        expect([name, report.outcome, read?.outcome, report.backup?.outcome]).toEqual([
          name,
          'deployed',
          'not-checked',
          'not-checked',
        ])
        expect(read?.reason).toMatch(
          name === 'newer' ? /^pg_restore .*unsupported version \(1\.99\)/ : /neither an archive/,
        )
        if (name === 'base') expect(report.backup?.bytes).toBe(9000)
        await undeployed(database)
      }
    }))

  test('a folder whose table of contents was never written was broken off', () =>
    withBread(async (database, folder) => {
      const path = join(folder, 'd')
      const run = `pg_dump -Fd -f '${path}'; rm '${path}/toc.dat'`
      expect((await refusal(database, { run, path })).id).toBe('backup.readable')
    }))

  test('one that fails, is told with what it said', () =>
    withBread(async (database, folder) => {
      const run = 'echo "disk full" >&2; exit 7'
      const check = await refusal(database, { run, path: join(folder, 'x') })
      expect(check).toMatchObject({ id: 'backup.made', actual: 'exit code 7: disk full' })
    }))

  test('one that takes too long', () =>
    withBread(async (database) => {
      const check = await refusal(database, { run: 'sleep 60', timeout: '300ms' })
      expect(check.actual).toBe('it took too long and was stopped')
    }))

  const drilled = async (database: TestDatabase, command: object) => {
    const drill = await createDatabase({ major })
    try {
      const backup = { command: { ...command, drill: { url: drill.url } } }
      const result = await deployFiles(database, { files, gates: { backup } })
      return result.report.checks.find(({ id }) => id === 'backup.drill')
    } finally {
      await drill.drop()
    }
  }

  test('a drill restores a packed text', () =>
    withBread(async (database, folder) => {
      const path = join(folder, 'it’s $0 "x".gz')
      const run = 'pg_dump | gzip > "$AIRLOCK_BACKUP"'
      expect(await drilled(database, { run, path })).toMatchObject({
        outcome: 'passed',
        actual: '5000 rows in 1 table',
      })
    }))

  test('a drill of a text whose roles are missing there, or that makes its own database, is not checked', () =>
    withBread(async (database, folder) => {
      const path = join(folder, 'x')
      const run = `pg_dump | sed 's/OWNER TO .*;/OWNER TO "some one";/' > '${path}'`
      expect(await drilled(database, { run, path })).toMatchObject({
        outcome: 'not-checked',
        reason: expect.stringContaining('some one'),
        fix: expect.stringContaining('Create the roles there'),
      })
      await undeployed(database)
      const create = { run: `pg_dump --create > '${path}'`, path }
      expect(await drilled(database, create)).toMatchObject({
        outcome: 'not-checked',
        reason: expect.stringContaining('--create'),
      })
    }))

  test('a drill finds rows that the backup lacks', () =>
    withBread(async (database, folder) => {
      const drill = await createDatabase({ major })
      try {
        const path = join(folder, 'x')
        // Told by its comments alone the table is there with its rows.
        const run = `pg_dump | sed '/^[0-9]*5\\t/d' > '${path}'`
        const check = await refusal(database, { run, path, drill: { url: drill.url } })
        expect(check).toMatchObject({
          id: 'backup.drill',
          expected: expect.stringContaining('5000 rows'),
        })
        expect(check.details).toEqual(['public.bread: 5000 rows, restored 4500'])
      } finally {
        await drill.drop()
      }
    }))
})

describe('without pg_dump', () => {
  test('a command without a file is believed by its exit code only: not checked, and the deployment goes on', async () => {
    await withDatabase({}, async (database) => {
      await database.query(table)
      const command = { run: 'test -n "$PGPASSWORD" && test "$PGDATABASE" != ""' }
      const result = await deployFiles(database, { files, gates: { backup: { command } } })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.report.backup?.outcome).toBe('not-checked')
    })
  })

  test('an old archive in a new file is told by the time in it, be the clock in our zone or in UTC', () => {
    const now = new Date('2025-01-15T12:00:00Z')
    const judge = (local: string, utc: string, database = 'a') =>
      judgeOrigin(
        {
          format: 'custom',
          isReadable: true,
          complaint: '',
          plain: null,
          archive: {
            database,
            createdAt: { local: new Date(local), utc: new Date(utc) },
            entries: 1,
            definitions: new Set(),
            rows: new Set(),
          },
        },
        'a',
        { kind: 'command', from: now, until: new Date('2025-01-15T12:10:00Z') },
      )?.outcome
    expect(judge('2025-01-15T12:05:00Z', '2025-01-15T13:05:00Z')).toBe('passed')
    expect(judge('2025-01-15T11:05:00Z', '2025-01-15T12:05:00Z')).toBe('passed')
    expect(judge('2025-01-14T12:05:00Z', '2025-01-14T13:05:00Z')).toBe('failed')
    expect(judge('2025-01-15T11:50:00Z', '2025-01-15T11:50:00Z')).toBe('failed')
    expect(judge('2025-01-15T12:05:00Z', '2025-01-15T12:05:00Z', 'b')).toBe('failed')
  })

  test('the size is judged by min-size, else beside the database', () => {
    const limits = { minSize: undefined, databaseBytes: 116 * 2 ** 20, severity: 'failed' } as const
    expect(judgeSize(100_000, limits).outcome).toBe('failed')
    expect(judgeSize(110_000, limits).outcome).toBe('passed')
    expect(judgeSize(100_000, { ...limits, severity: 'warned' }).outcome).toBe('warned')
    expect(judgeSize(100_000, { ...limits, minSize: 100_000 }).outcome).toBe('passed')
    expect(judgeSize(99_999, { ...limits, minSize: 100_000, severity: 'warned' }).outcome).toBe(
      'failed',
    )
    expect(judgeSize(1, { ...limits, databaseBytes: 2 ** 20 }).outcome).toBe('passed')
    expect(judgeSize(0, { ...limits, databaseBytes: null, severity: 'warned' }).outcome).toBe(
      'failed',
    )
  })
})
