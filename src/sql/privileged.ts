import { descendants, descendantsOf } from './tree/descendants.ts'
import { relationName } from './tree/name.ts'
import { fieldsOf, readByType } from './tree/node.ts'
import { booleanOption, optionOf } from './tree/option.ts'
import type { ByType, RangeVar } from './tree/types.ts'
import { textOf } from './tree/value.ts'
import type { Node, QualifiedName } from './types.ts'

/** A privilege on a table that the wording of a statement asks for, beyond the one that its command has by nature. */
export interface RowPrivilege {
  readonly table: QualifiedName
  readonly privilege: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE'
}

/** What a statement asks of its role that its effects don't tell. */
export interface PrivilegedParts {
  /** Of CREATE FUNCTION and DO, in lower case; null for other statements. */
  readonly language: string | null
  /** COPY with a file of the server's, or a program that the server runs. */
  readonly copy: 'read file' | 'write file' | 'program' | null
  /** Options of CREATE or ALTER ROLE that only a superuser may give (before 16 at least): 'superuser', 'replication', 'bypassrls'. */
  readonly roleOptions: readonly string[]
  /** TABLES IN SCHEMA of a publication. */
  readonly publishesSchemas: boolean
  /** Roles of ALTER DEFAULT PRIVILEGES FOR ROLE. */
  readonly defaultsOf: readonly string[]
  readonly rows: readonly RowPrivilege[]
}

export function privilegedParts(node: Node): PrivilegedParts {
  return {
    language: languageOf(node),
    copy: copyOf(node),
    roleOptions: roleOptionsOf(node),
    publishesSchemas: [...descendantsOf(node, 'PublicationObjSpec')].some(
      ({ pubobjtype = '' }) => pubobjtype !== 'PUBLICATIONOBJ_TABLE',
    ),
    defaultsOf: defaultsOf(node),
    rows: [...descendants(node)].flatMap((each) => readByType(ROWS, each) ?? []),
  }
}

function defaultsOf(node: Node): string[] {
  const options = fieldsOf(node, 'AlterDefaultPrivilegesStmt')?.options
  const roles = [...descendantsOf(optionOf(options, 'roles')?.arg, 'RoleSpec')]
  return roles.flatMap(({ rolename }) => rolename ?? [])
}

function languageOf(node: Node): string | null {
  const made = fieldsOf(node, 'CreateFunctionStmt')
  if (made !== undefined) {
    const written = textOf(optionOf(made.options, 'language')?.arg)
    return written?.toLowerCase() ?? 'sql'
  }
  const block = fieldsOf(node, 'DoStmt')
  if (block === undefined) return null
  return textOf(optionOf(block.args, 'language')?.arg)?.toLowerCase() ?? 'plpgsql'
}

function copyOf(node: Node): PrivilegedParts['copy'] {
  const copy = fieldsOf(node, 'CopyStmt')
  if (copy?.filename === undefined) return null
  if (copy.is_program === true) return 'program'
  return copy.is_from === true ? 'read file' : 'write file'
}

/** The parser's names of the options, and what people write. */
const ROLE_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['superuser', 'superuser'],
  ['isreplication', 'replication'],
  ['bypassrls', 'bypassrls'],
])

function roleOptionsOf(node: Node): string[] {
  const options = (fieldsOf(node, 'CreateRoleStmt') ?? fieldsOf(node, 'AlterRoleStmt'))?.options
  return [...ROLE_OPTIONS].flatMap(([parsed, written]) =>
    booleanOption(options, parsed) ? [written] : [],
  )
}

/** Rows that are read to be found, compared or returned need SELECT; ON CONFLICT DO UPDATE needs UPDATE too. */
const ROWS: ByType<readonly RowPrivilege[]> = {
  InsertStmt: ({ relation, onConflictClause, returningClause }) => {
    const updates = onConflictClause?.action === 'ONCONFLICT_UPDATE'
    const reads = returningClause !== undefined || onConflictClause?.infer !== undefined
    return [
      ...(updates ? [rows(relation, 'UPDATE')] : []),
      ...(reads ? [rows(relation, 'SELECT')] : []),
    ]
  },
  UpdateStmt: ({ relation, ...parts }) => (readsColumns(parts) ? [rows(relation, 'SELECT')] : []),
  DeleteStmt: ({ relation, ...parts }) => (readsColumns(parts) ? [rows(relation, 'SELECT')] : []),
  MergeStmt: ({ relation, mergeWhenClauses }) => {
    const commands = [...descendantsOf(mergeWhenClauses, 'MergeWhenClause')]
    const privileges = new Set(
      commands.flatMap(({ commandType = '' }) => MERGED[commandType] ?? []),
    )
    return [...privileges, 'SELECT' as const].map((privilege) => rows(relation, privilege))
  },
}

const MERGED: Readonly<Record<string, RowPrivilege['privilege']>> = {
  CMD_INSERT: 'INSERT',
  CMD_UPDATE: 'UPDATE',
  CMD_DELETE: 'DELETE',
}

function readsColumns(parts: unknown): boolean {
  return !descendantsOf(parts, 'ColumnRef').next().done
}

function rows(relation: RangeVar | undefined, privilege: RowPrivilege['privilege']): RowPrivilege {
  return { table: relationName(relation), privilege }
}
