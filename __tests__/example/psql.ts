import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestDatabase } from '../support/database.ts'

/** The repository's root, seen from build/__tests__/example. */
const root = join(import.meta.dirname, '../../..')

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Forward scripts by file name without `.sql`, in version order. */
export function migrationNames(): string[] {
  return readdirSync(join(root, 'migrations'))
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .toSorted()
}

/** The statements of a script of the example: it has no semicolon in comments and strings, and none but `$$` quotes. */
export function statementsOf(source: string): string[] {
  const code = source.replace(/^\s*--.*$/gm, '')
  return [...code.matchAll(/(?:\$\$[\s\S]*?\$\$|[^;$])+;/g)].map(([text]) => text.trim())
}

/** As psql does it: one statement after the other, each in a transaction of its own. Rows of the last. */
export async function runFile(
  database: TestDatabase,
  path: string,
): Promise<Record<string, unknown>[]> {
  let rows: Record<string, unknown>[] = []
  for (const statement of statementsOf(readText(path))) rows = await database.query(statement)
  return rows
}
