import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Migrations that make a table and an index each, in three tools' ways of writing them. */
export interface SmallMigrations {
  readonly count: number
  /** Holds `migrations/`, as this program and psql read them. */
  readonly folder: string
  /** The same statements for dbmate. */
  readonly dbmateFolder: string
  /** Paths of the files below `folder`, in order. */
  readonly files: readonly string[]
}

export function writeSmallMigrations(parent: string, count: number): SmallMigrations {
  const folder = join(parent, `small-${count}`)
  const dbmateFolder = join(parent, `dbmate-${count}`)
  mkdirSync(join(folder, 'migrations'), { recursive: true })
  mkdirSync(dbmateFolder, { recursive: true })
  const files = Array.from({ length: count }, (_, index) => {
    const name = `${20250101000000 + index}_add_t${index}.sql`
    const path = join(folder, 'migrations', name)
    const sql = statements(`t${index}`)
    writeFileSync(path, sql)
    writeFileSync(join(dbmateFolder, name), `-- migrate:up\n${sql}\n-- migrate:down\n`)
    return path
  })
  return { count, folder, dbmateFolder, files }
}

function statements(table: string): string {
  return `CREATE TABLE ${table} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ${table}_name_idx ON ${table} (name);
`
}
