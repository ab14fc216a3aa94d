import type { Expectation } from '../plan/types.ts'
import { quoteName } from '../sql/identifier.ts'
import type { QualifiedName } from '../sql/types.ts'

/** What names mean on this session: the schemas that unqualified ones are looked up in, first to last, and the server's major version. */
export interface Scope {
  readonly searchPath: readonly string[]
  readonly serverMajor: number
}

/** A name as the catalog has it. */
export interface CatalogName {
  readonly schema: string
  readonly name: string
}

/** Every schema that an expectation may speak of: those written, and the search path. */
export function schemasOf(expectations: readonly Expectation[], scope: Scope): string[] {
  const schemas = new Set(scope.searchPath)
  for (const { object } of expectations) {
    if (object.schema !== null) schemas.add(object.schema)
    if (object.table?.schema != null) schemas.add(object.table.schema)
  }
  return [...schemas]
}

/** The first of the facts that a name reaches: in its own schema, else in the first schema of the search path that has one. */
export function reach<Fact extends { readonly schema: string }>(
  facts: readonly Fact[],
  schema: string | null,
  scope: Scope,
): Fact | null {
  const path = schema === null ? scope.searchPath : [schema]
  for (const each of path) {
    const found = facts.find((fact) => fact.schema === each)
    if (found !== undefined) return found
  }
  return null
}

/** A name as `::regclass` prints it: qualified only where the search path does not lead to it. */
export function printName(name: QualifiedName, scope: Scope): string {
  const known = name.schema === 'public' || scope.searchPath.includes(name.schema ?? '')
  return quoteName({ schema: known ? null : name.schema, name: name.name })
}

/** Whether a name as written means the one found: by its schema, else by any schema of the search path (or pg_catalog). */
export function meansName(written: QualifiedName, found: CatalogName, scope: Scope): boolean {
  if (written.name !== found.name) return false
  if (written.schema !== null) return written.schema === found.schema
  return found.schema === 'pg_catalog' || scope.searchPath.includes(found.schema)
}

/** The last part of a name that may be qualified, without quotes and parameters: `public.gin_trgm_ops (siglen=32)` → `gin_trgm_ops`. */
export function lastName(text: string): string {
  const parts = [...text.matchAll(/"((?:[^"]|"")*)"|[^."(\s]+|\(.*/gs)]
  const last = parts.filter(([part]) => !part.startsWith('(')).at(-1)
  return last?.[1]?.replaceAll('""', '"') ?? last?.[0] ?? text
}

/** Whether two types in words are the same, one of which may be qualified where the other left it to the search path. */
export function sameType(written: string, printed: string): boolean {
  if (written === printed) return true
  const [bare, bareWritten] = [unqualified(printed), unqualified(written)]
  return bare === bareWritten && (bare === printed || bareWritten === written)
}

function unqualified(type: string): string {
  return type.replace(/^(?:"(?:[^"]|"")*"|[^."\s(]+)\.(?=["\p{L}_])/u, '')
}
