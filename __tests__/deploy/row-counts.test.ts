import { expect, test } from '@jest/globals'
import type { CriterionReport, Report } from '../../src/report/types.ts'
import { withDatabase } from '../support/database.ts'
import { deployFiles, endingOf } from '../support/engine.ts'

function criterion({ criteria }: Report, id: CriterionReport['id']): CriterionReport {
  const found = criteria.find((one) => one.id === id)
  if (found === undefined) throw new Error(`no criterion ${id}`)
  return found
}

function rowsOf({ baseline }: Report, table: string) {
  const found = baseline?.rows.find((row) => row.table === table)
  if (found === undefined) throw new Error(`no rows of ${table}: ${JSON.stringify(baseline?.rows)}`)
  return found
}

/** A table t of ten rows, and one that the migrations leave alone. */
const tables = `CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT g, g FROM generate_series(1, 10) g;
  CREATE TABLE other (id int); INSERT INTO other VALUES (1), (2), (3)`

test('rows that others change meanwhile are told apart from those of the migrations', async () => {
  await withDatabase({}, async (database) => {
    await database.query(tables)
    let traffic: Promise<unknown> = Promise.resolve()
    const result = await deployFiles(database, {
      files: {
        '1_add':
          'INSERT INTO t SELECT g, g FROM generate_series(11, 15) g; DELETE FROM t WHERE id = 1',
        '2_column': 'ALTER TABLE t ADD COLUMN c int',
        '3_last': 'SELECT pg_sleep(0.4)',
      },
      gates: { baseline: { rows: ['other'] } },
      on(event) {
        if (event.type === 'migration-started' && event.index === 1) {
          traffic = database.query('INSERT INTO other VALUES (4), (5)')
        }
        if (event.type === 'migration-finished' && event.migration.version === '1') {
          traffic = database.query('INSERT INTO t VALUES (100), (101), (102)')
        }
      },
    })
    await traffic
    expect(endingOf(result)).toBe('deployed 0')
    expect(rowsOf(result.report, 'public.t')).toEqual({
      table: 'public.t',
      before: 10,
      after: 17,
      byUs: 4,
      byOthers: 3,
      exact: true,
    })
    expect(rowsOf(result.report, 'public.other')).toMatchObject({ byUs: 0, byOthers: 2 })
    const rows = criterion(result.report, 'row-counts')
    expect(rows.outcome).toBe('passed')
    expect(rows.actual).toContain('+3 in public.t')
  })
})

test('rows that vanish without a migration that deletes them are warned of, and fail where airlock.yml says so', async () => {
  for (const [severity, ending] of [
    ['warn', 'deployed 0'],
    ['fail', 'rolled-back 1'],
  ] as const) {
    await withDatabase({}, async (database) => {
      await database.query(tables)
      const result = await deployFiles(database, {
        files: { '1_column': 'ALTER TABLE t ADD COLUMN c int', '2_last': 'SELECT pg_sleep(0.4)' },
        gates: { criteria: { 'row-counts': severity } },
        on(event) {
          if (event.type === 'migration-finished') void database.query('DELETE FROM t WHERE id < 4')
        },
      })
      expect(endingOf(result).startsWith(ending)).toBe(true)
      expect(criterion(result.report, 'row-counts').outcome).toBe(
        severity === 'fail' ? 'failed' : 'warned',
      )
    })
  }
})

test('dropped, renamed, truncated and partitioned tables are counted as what they are', async () => {
  await withDatabase({}, async (database) => {
    await database.query(`${tables};
      CREATE TABLE "Old.Name" (id int); INSERT INTO "Old.Name" VALUES (1), (2);
      CREATE TABLE emptied (id int); INSERT INTO emptied VALUES (1), (2), (3), (4);
      CREATE TABLE parent (id int) PARTITION BY RANGE (id);
      CREATE TABLE low PARTITION OF parent FOR VALUES FROM (0) TO (10);
      CREATE TABLE high PARTITION OF parent FOR VALUES FROM (10) TO (20);
      INSERT INTO parent SELECT generate_series(0, 19)`)
    const result = await deployFiles(database, {
      settings: { 'allow-data-loss': 'true' },
      files: {
        '1_all': `DROP TABLE other; ALTER TABLE "Old.Name" RENAME TO "new ""name""";
          TRUNCATE emptied; ALTER TABLE parent DETACH PARTITION low; INSERT INTO parent VALUES (15)`,
      },
    })
    expect(endingOf(result)).toBe('deployed 0')
    const rows = Object.fromEntries(
      (result.report.baseline?.rows ?? []).map(({ table, before, after, byUs, byOthers }) => [
        table,
        [before, after, byUs, byOthers],
      ]),
    )
    expect(rows).toEqual({
      'public.other': [3, 0, -3, 0],
      'public."new ""name"""': [2, 2, 0, 0],
      'public.emptied': [4, 0, -4, 0],
      'public.parent': [20, 11, -9, 0],
      'public.low': [10, 10, 0, 0],
    })
  })
})

const swap = `CREATE TABLE t_new (LIKE t); INSERT INTO t_new SELECT * FROM t;
  ALTER TABLE t RENAME TO t_old; ALTER TABLE t_new RENAME TO t;`

test('a table that is swapped for its copy and dropped in one transaction has lost what it held', async () => {
  await withDatabase({}, async (database) => {
    await database.query(tables)
    const result = await deployFiles(database, {
      files: { '1_swap': `${swap} DROP TABLE t_old` },
      gates: { criteria: { 'row-counts': 'fail' } },
    })
    expect(endingOf(result)).toBe('deployed 0')
    expect(result.migration.rowEffects).toContainEqual(
      expect.objectContaining({ table: 't', removed: { by: 'DROP TABLE', rows: 10 } }),
    )
    expect(rowsOf(result.report, 'public.t')).toMatchObject({ byUs: 0, byOthers: 0, after: 10 })
  })
})

test('rows written to a table that was given the name of another are charged to nobody', async () => {
  for (const [files, table] of [
    [{ '1_swap': swap }, 'public.t_old'],
    [{ '1_swap': swap, '2_drop': 'DROP TABLE t_old' }, 'public.t'],
  ] as const) {
    await withDatabase({}, async (database) => {
      await database.query(tables)
      const result = await deployFiles(database, {
        files,
        gates: { criteria: { 'row-counts': 'fail' } },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(rowsOf(result.report, table)).toMatchObject({
        before: 10,
        after: 10,
        byUs: null,
        byOthers: null,
        reason: expect.stringContaining('another table'),
      })
      expect(criterion(result.report, 'row-counts').outcome).toBe('not-checked')
    })
  }
})

test('a table that was only renamed after rows were written to it is counted exactly', async () => {
  await withDatabase({}, async (database) => {
    await database.query(tables)
    const result = await deployFiles(database, {
      files: { '1_add': 'INSERT INTO t VALUES (11, 11)', '2_name': 'ALTER TABLE t RENAME TO u' },
    })
    expect(endingOf(result)).toBe('deployed 0')
    expect(rowsOf(result.report, 'public.u')).toMatchObject({ before: 10, byUs: 1, byOthers: 0 })
  })
})

test('a materialized view that is refreshed has lost no rows to others', async () => {
  await withDatabase({}, async (database) => {
    await database.query(`${tables}; CREATE MATERIALIZED VIEW v AS SELECT * FROM t WITH DATA;
      CREATE MATERIALIZED VIEW public.w AS SELECT * FROM t; INSERT INTO t VALUES (11, 11)`)
    const result = await deployFiles(database, {
      files: {
        '1_refresh': 'REFRESH MATERIALIZED VIEW v',
        '2_less':
          '-- airlock: transaction=off\n\nDELETE FROM t WHERE id > 3;\nREFRESH MATERIALIZED VIEW public.w;',
      },
      settings: { 'allow-data-loss': 'true' },
      gates: { criteria: { 'row-counts': 'fail' } },
    })
    expect(endingOf(result)).toBe('deployed 0')
    const [refresh] = result.report.migrations
    expect(refresh?.rowEffects).toEqual([
      expect.objectContaining({ table: 'v', certainty: 'not-checked', inserted: 0 }),
    ])
    expect(rowsOf(result.report, 'public.v')).toMatchObject({
      before: 10,
      after: 11,
      byUs: null,
      byOthers: null,
      reason: 'a materialized view was refreshed',
    })
    expect(rowsOf(result.report, 'public.w')).toMatchObject({ after: 3, byOthers: null })
  })
})

test('rows that an earlier run had committed of a half-done migration were there before', async () => {
  await withDatabase({}, async (database) => {
    await database.query(`${tables}; UPDATE t SET n = 1 WHERE id < 3`)
    const files = {
      '1_half': `INSERT INTO t SELECT g, g FROM generate_series(11, 15) g;
        CREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n); ALTER TABLE t ADD COLUMN c int`,
    }
    const first = await deployFiles(database, { files, settings: { 'on-failure': 'stop' } })
    expect(first.report.outcome).toBe('needs-attention')
    // No success was to be judged: what was measured before is there, nothing else.
    expect(first.report.criteria).toEqual([])
    expect(first.report.baseline).toMatchObject({ capturedAfterAt: null })
    await database.query('UPDATE t SET n = -1 WHERE id = 1')
    const second = await deployFiles(database, { files })
    expect(endingOf(second)).toBe('deployed 0')
    expect(rowsOf(second.report, 'public.t')).toMatchObject({
      before: 15,
      after: 15,
      byUs: 0,
      byOthers: 0,
    })
  })
})

test('names and rights are those of the role that the migrations run as', async () => {
  await withDatabase({}, async (database) => {
    const role = `owner_${database.name}`
    await database.query(`CREATE ROLE ${role}; CREATE SCHEMA AUTHORIZATION ${role}; GRANT ${role} TO CURRENT_USER;
      CREATE TABLE ${role}.mine AS SELECT 1 AS x; ALTER TABLE ${role}.mine OWNER TO ${role};
      CREATE TABLE public.theirs AS SELECT 1 AS x; GRANT CREATE ON DATABASE "${database.name}" TO ${role}`)
    try {
      const { report } = await deployFiles(database, {
        files: { '1_mine': 'ALTER TABLE mine ADD COLUMN y int' },
        settings: { role },
        gates: {
          baseline: { rows: ['theirs'], probes: [{ name: 'x', sql: 'SELECT max(x) FROM mine' }] },
        },
      })
      expect(report.outcome).toBe('deployed')
      expect(rowsOf(report, `${role}.mine`)).toMatchObject({ before: 1, after: 1, byOthers: 0 })
      expect(report.baseline?.probes).toEqual([{ name: 'x', before: '1', after: '1' }])
      expect(rowsOf(report, 'public.theirs')).toMatchObject({ before: null, exact: false })
      expect(report.baseline?.notes).toContainEqual(
        expect.stringContaining(`GRANT SELECT ON public.theirs TO ${role}`),
      )
    } finally {
      await database.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`)
    }
  })
})
