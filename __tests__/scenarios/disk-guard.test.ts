import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { reportSchema } from '../../src/report/schema.ts'
import { withDatabase } from '../support/database.ts'
import { runAction, runCli } from '../support/program.ts'
import { workspaceOf } from '../support/workspace.ts'

/** The disk fills as soon as an index is built. */
const fills = `disk-guard:
  free-space: 2GB
  every: 200ms
  query: |
    select case when exists (select 1 from pg_stat_progress_create_index where datname = current_database())
                then 1000000 else 5000000000 end
`

describe('the disk guard of airlock.yml', () => {
  test('cancels a build past the limit: the summary says why, and nothing of it is left', async () => {
    await withDatabase({}, async (database) => {
      await database.query(`create function slow(value int) returns int language plpgsql immutable as
          $$ begin perform pg_sleep(0.002); return value; end $$;
        create table t as select generate_series(1, 5000) as a`)
      const workspace = workspaceOf({
        'airlock.yml': fills,
        'migrations/1_a.sql': 'create index concurrently i on t (slow(a));\n',
      })
      try {
        const { code, report, summary } = await runAction(
          { command: 'deploy', 'database-url': database.url },
          { cwd: workspace.folder },
        )
        expect(code).toBe(1)
        expect(reportSchema.safeParse(report).error).toBeUndefined()
        expect(report).toMatchObject({ outcome: 'failed', error: { sqlstate: '53100' } })
        expect(summary).toContain(
          'Cancelled: the disk has 977 kB free, less than disk-guard.free-space (2.0 GB)',
        )
        expect(summary).toContain('`53100`')
        expect(await database.query(`select 1 from pg_class where relname = 'i'`)).toEqual([])
      } finally {
        workspace.dispose()
      }
    })
  })

  test('a query that is none is refused at its place, before anything connects', async () => {
    const workspace = workspaceOf({
      'airlock.yml': 'disk-guard:\n  free-space: 2GB\n  query: delete from room\n',
      'migrations/1_a.sql': 'create table t (a int);\n',
    })
    try {
      const { code } = await runCli(
        ['deploy', '--database-url', 'postgresql://nobody@127.0.0.1:1/none', '--report', 'r.json'],
        { cwd: workspace.folder },
      )
      const { error } = JSON.parse(readFileSync(join(workspace.folder, 'r.json'), 'utf8'))
      expect(code).toBe(2)
      expect(error).toMatchObject({
        message: "disk-guard.query can't be this DELETE: it is not a query",
        where: { file: 'airlock.yml', line: 3, column: 10 },
      })
    } finally {
      workspace.dispose()
    }
  })
})
