import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { readFingerprint } from '../../src/observe/fingerprint.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import { server } from '../support/database.ts'
import type { EngineOptions, Files } from '../support/engine.ts'
import type { Workspace } from '../support/workspace.ts'

/** A database state and a folder of migrations, and what is looked at afterwards. */
export interface Scenario {
  readonly workspace: Workspace
  /** Its migration files. */
  readonly files: Files
  /** What its airlock.yml says. */
  readonly gates: EngineOptions['gates']
  /** SQL that makes the database, run once on a template. */
  readonly setUp: readonly string[]
  /** A query whose only value tells the content of every row that the migrations change. */
  readonly rows: string
}

/** The migration files of a workspace, by their names without `migrations/` and `.sql`. */
export function filesOf({ folder }: Workspace): Files {
  const root = join(folder, 'migrations')
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  return Object.fromEntries(
    names
      .filter((name) => name.endsWith('.sql'))
      .map((name) => [name.replace(/\.sql$/, ''), readFileSync(join(root, name), 'utf8')]),
  )
}

/** A database that can be copied while nobody is connected to it. */
export interface Template {
  readonly url: string
  copy(): Promise<Template>
  drop(): Promise<void>
}

/** Makes a database from `setUp`. */
export async function makeTemplate(major: number, setUp: readonly string[]): Promise<Template> {
  return makeTemplateOn(server(major).adminUrl, setUp)
}

/** Makes a database from `setUp` on the server of this superuser's URL. */
export async function makeTemplateOn(
  adminUrl: string,
  setUp: readonly string[],
): Promise<Template> {
  const template = await copyOf(adminUrl, 'template0')
  await onDatabase(template.url, async (client) => {
    for (const sql of setUp) await client.query(sql)
  })
  return template
}

async function copyOf(adminUrl: string, original: string): Promise<Template> {
  const name = `kill_${process.pid}_${randomBytes(5).toString('hex')}`
  await onDatabase(adminUrl, (client) =>
    client.query(`create database ${name} template ${original}`),
  )
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    copy: () => copyOf(adminUrl, name),
    drop: () =>
      onDatabase(adminUrl, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`)
      }),
  }
}

export async function onDatabase<Result>(
  url: string,
  act: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url, application_name: 'test of kills' })
  client.on('error', () => {})
  await client.connect()
  try {
    return await act(client)
  } finally {
    await client.end()
  }
}

/** Everything that must be the same whether or not a run was killed on the way. */
export interface Picture {
  /** Every object of the catalog, as the engine's own fingerprint sees it. */
  readonly catalog: readonly string[]
  readonly rows: unknown
  readonly migrations: unknown
  readonly steps: unknown
}

/** What may differ after a kill, but must obey rules. */
export interface Traces {
  readonly runs: readonly { readonly command: string; readonly outcome: string | null }[]
  readonly backends: number
  /** Versions that have more than one row that counts now. */
  readonly doubled: number
}

export async function pictureOf(url: string, rows: string): Promise<Picture & Traces> {
  const session = await connect(resolveConnection({ url, env: {} }), {
    name: 'picture',
    applicationName: 'test of kills',
  })
  try {
    const { objects } = await readFingerprint(session)
    const one = async (sql: string) => {
      const result = await session.query(sql)
      const text = result.rows[0]?.[0] ?? null
      return text === null ? null : JSON.parse(text)
    }
    return {
      catalog: [...objects.values()].map(
        ({ key, attributes }) => `${key} ${JSON.stringify(attributes)}`,
      ),
      rows: (await session.query(rows)).rows,
      migrations: await one(`
        select json_agg(json_build_array(version, name, checksum, state, half_done, step_count, fingerprint_before is null,
          applied_at is null, verified_at is null, row_effects) order by version)
        from airlock.migrations where state in ('running', 'applied', 'verified') or half_done`),
      steps: await one(`
        select json_agg(json_build_array(m.version, ordinal, kind, s.state, progress, s.row_effects, ended_at is null, s.error) order by m.version, ordinal)
        from airlock.steps s join airlock.migrations m on m.id = migration_id
        where m.state in ('running', 'applied', 'verified') or half_done`),
      runs:
        (await one(
          `select json_agg(json_build_object('command', command, 'outcome', outcome) order by epoch) from airlock.runs`,
        )) ?? [],
      doubled: Number(
        await one(
          `select count(*) from (select from airlock.migrations where state in ('running', 'applied', 'verified') or half_done group by version having count(*) > 1) as twice`,
        ),
      ),
      backends: Number(
        await one(
          `select count(*) from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock%'`,
        ),
      ),
    }
  } finally {
    await session.close()
  }
}
