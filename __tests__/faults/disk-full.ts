import { cpSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { handOver, serverAccount } from '../../scripts/embedded/account.ts'
import type { Report } from '../../src/report/types.ts'
import { runEngine } from '../support/engine.ts'
import { workspaceOf } from '../support/workspace.ts'
import { mountSmallDisk, type SmallDisk } from './disk.ts'
import { type Disturbed, judge, type Undisturbed, undisturbedRun } from './judge.ts'
import { type RestartableServer, startRestartable } from './restart.ts'
import { filesOf, makeTemplateOn, onDatabase, type Scenario, type Template } from './scenario.ts'
import type { Tried } from './table.ts'
import { deadlineMs, within } from './within.ts'

/** What runs out of room, and on which disk. */
interface DiskCase {
  readonly what: string
  readonly disk: 'of the table' | 'of the WAL'
  readonly sql: string
  /** What makes the server need the room. */
  readonly before?: string
}

const lines = Array.from({ length: 40_000 }, (_, n) => `${n}\t${'x'.repeat(90)}`).join('\n')
const counted = (sql: string) =>
  `UPDATE counter SET n = n + 1;\n${sql}\nINSERT INTO log VALUES ('kind');\n`

const cases: readonly DiskCase[] = [
  {
    what: 'table rewrite',
    disk: 'of the table',
    sql: counted('ALTER TABLE big ALTER COLUMN n TYPE bigint;'),
  },
  {
    what: 'COPY',
    disk: 'of the table',
    sql: counted(`COPY big (n, text) FROM STDIN;\n${lines}\n\\.`),
  },
  {
    what: 'index build',
    disk: 'of the table',
    sql: `CREATE INDEX CONCURRENTLY big_text ON big (text) TABLESPACE small;\nUPDATE counter SET n = n + 1;`,
  },
  {
    what: 'batch',
    disk: 'of the table',
    sql: `-- airlock: batch key=n todo="touched = 0" size=5000
UPDATE big SET touched = touched + 1 WHERE n > $1 AND n <= $2;
UPDATE counter SET n = n + 1;`,
  },
  {
    // The server can't write its log, and ends itself: it is back when somebody has made room.
    what: 'WAL',
    disk: 'of the WAL',
    before: "select pg_catalog.pg_create_physical_replication_slot('keeps_all', true)",
    sql: counted(
      `CREATE TABLE made TABLESPACE small AS SELECT i, repeat(md5(i::text), 4) AS text FROM generate_series(1, 250000) AS i;`,
    ),
  },
]

const tables = `
create table counter (n integer not null); insert into counter values (0);
create table log (line text);
create table big (n integer not null primary key using index tablespace small, text text not null, touched integer not null default 0) tablespace small;
insert into big select -i, md5(i::text) || repeat('y', 60) from generate_series(1, 40000) as i;
`
const rows = `select (select json_agg(c) from counter c), (select json_agg(line) from log),
  (select json_agg(b) from (select count(*), sum(touched), sum(n::bigint), min(touched), max(touched) from big) as b)`

/** Room for the server's WAL, and for the tables with what a case adds to them. */
const megabytes = { 'of the WAL': 128, 'of the table': 96 } as const

/** Why a small disk can't be mounted on this machine; null where it can. */
export function diskRefusal(): string | null {
  const disk = mountSmallDisk(1)
  if ('refused' in disk) return disk.refused
  disk.unmount()
  return null
}

/** All cases on a server of their own. Errors: where no small disk can be mounted. */
export async function diskFullCases(major: number, gates: Scenario['gates']): Promise<Tried[]> {
  const ofTable = mounted(megabytes['of the table'])
  const ofWal = mounted(megabytes['of the WAL'])
  try {
    const server = await startRestartable(major, { min_wal_size: '32MB', max_wal_size: '32MB' })
    try {
      await server.restart('fast', (data) => moveWal(data, ofWal.path))
      return await tryDiskFull(server, { 'of the table': ofTable, 'of the WAL': ofWal }, gates)
    } finally {
      await server.stop()
    }
  } finally {
    ofWal.unmount()
    ofTable.unmount()
  }
}

function moveWal(data: string, disk: string): void {
  const [from, to] = [join(data, 'pg_wal'), join(disk, 'pg_wal')]
  cpSync(from, to, { recursive: true })
  handOver(serverAccount(), to)
  rmSync(from, { recursive: true })
  symlinkSync(to, from)
}

function mounted(size: number): SmallDisk {
  const disk = mountSmallDisk(size)
  if ('refused' in disk) throw new Error(disk.refused)
  return disk
}

/** Each case once: the disk is full, the run ends, somebody makes room, the next run. */
async function tryDiskFull(
  server: RestartableServer,
  disks: Readonly<Record<DiskCase['disk'], SmallDisk>>,
  gates: Scenario['gates'],
): Promise<Tried[]> {
  const tried: Tried[] = []
  await onDatabase(server.adminUrl, (client) =>
    client.query(`create tablespace small location '${disks['of the table'].path}'`),
  )
  for (const one of cases) {
    const workspace = workspaceOf({
      'migrations/1_before.sql': `INSERT INTO log VALUES ('before');`,
      'migrations/2_kind.sql': one.sql,
      'migrations/3_after.sql': `INSERT INTO log VALUES ('after');`,
    })
    const scenario = { workspace, files: filesOf(workspace), gates, setUp: [tables], rows }
    try {
      tried.push(await tryCase(server, disks[one.disk], one, scenario))
    } finally {
      workspace.dispose()
    }
  }
  return tried
}

async function tryCase(
  server: RestartableServer,
  disk: SmallDisk,
  { what, disk: which, before }: DiskCase,
  scenario: Scenario,
): Promise<Tried> {
  const started = Date.now()
  const undisturbed = await onFresh(server, scenario, ({ url }) => undisturbedRun(url, scenario))
  if (before !== undefined) await onDatabase(server.adminUrl, (client) => client.query(before))
  const judgement = await onFresh(server, scenario, async ({ url }) => {
    const disturbed = await runFull(url, disk, scenario)
    // Whatever became of the server, somebody has made room and started it.
    if (which === 'of the WAL') await server.restart('fast')
    return judge(url, scenario, undisturbed as Undisturbed, disturbed)
  })
  return { fault: 'disk full', point: what, ...judgement, ms: Date.now() - started }
}

async function onFresh<Result>(
  server: RestartableServer,
  scenario: Scenario,
  act: (database: Template) => Promise<Result>,
): Promise<Result> {
  const database = await makeTemplateOn(server.adminUrl, scenario.setUp)
  try {
    return await act(database)
  } finally {
    await database.drop()
  }
}

const megabyte = 1024 * 1024

async function runFull(
  url: string,
  disk: SmallDisk,
  { files, gates }: Scenario,
): Promise<Disturbed> {
  // What was written so far must not need room of its own any more.
  await onDatabase(url, (client) => client.query('checkpoint'))
  disk.fill(megabyte)
  try {
    const result = await within(deadlineMs, runEngine({ url }, 'deploy', { files, gates }))
    const report = result === 'too late' ? null : result.report
    return { injected: met(report), hung: result === 'too late', report, offences: [] }
  } finally {
    disk.empty()
  }
}

/** disk_full, or a connection that a server's end has taken along. */
function met(report: Report | null): boolean {
  return report === null || /^(53100|57P0\d|08...)$/.test(report.error?.sqlstate ?? '')
}
