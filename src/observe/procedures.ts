import type { Session } from '../postgres/types.ts'
import { transactionUseOf } from '../sql/do-block.ts'
import type { QualifiedName } from '../sql/types.ts'

/** Whether a procedure, as a CALL names it, commits or rolls back by itself; undefined where that can't be known. */
export type ProcedureCommits = (procedure: QualifiedName) => boolean | undefined

interface Procedure {
  readonly schema: string
  readonly name: string
  readonly language: string
  readonly definition: string
}

/**
 * Looks into the bodies of all procedures in the database whose text speaks of COMMIT, ROLLBACK or CALL, in one query: a procedure that
 * calls one that commits commits too. PL/pgSQL only; procedures in SQL can't commit, those in other languages are not known.
 * `searchPath` is what unqualified names are looked up in.
 */
export async function readProcedureCommits(
  session: Session,
  searchPath: readonly string[],
): Promise<ProcedureCommits> {
  const procedures = await session.rows<Procedure>(`
    select n.nspname::pg_catalog.text as schema, p.proname::pg_catalog.text as name, l.lanname::pg_catalog.text as language,
           case when l.lanname = 'plpgsql' then pg_catalog.pg_get_functiondef(p.oid) else '' end as definition
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_language l on l.oid = p.prolang
    where p.prokind = 'p' and n.nspname not in ('pg_catalog', 'information_schema', 'airlock')
      and (l.lanname not in ('plpgsql', 'sql') or p.prosrc ~* '\\m(commit|rollback|call)\\M')`)
  const found = (name: QualifiedName) => reached(procedures, name, searchPath)
  const commits = (name: QualifiedName, callers: readonly Procedure[]): boolean | undefined => {
    const answers = found(name)
      .filter((procedure) => !callers.includes(procedure))
      .map((procedure) => commitsItself(procedure, commits, callers))
    return strongest(answers)
  }
  return (name) => commits(name, [])
}

function commitsItself(
  procedure: Procedure,
  commits: (name: QualifiedName, callers: readonly Procedure[]) => boolean | undefined,
  callers: readonly Procedure[],
): boolean | undefined {
  const use = procedure.language === 'plpgsql' ? transactionUseOf(procedure.definition) : null
  if (use === null) return undefined
  if (use.ends) return true
  return strongest(use.calls.map((called) => commits(called, [...callers, procedure])))
}

/** Of overloaded procedures, and of several calls, the one that commits decides. */
function strongest(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(true)) return true
  return answers.includes(undefined) ? undefined : false
}

function reached(
  procedures: readonly Procedure[],
  { schema, name }: QualifiedName,
  searchPath: readonly string[],
): readonly Procedure[] {
  const schemas = schema === null ? searchPath : [schema]
  return procedures.filter((one) => one.name === name && schemas.includes(one.schema))
}
