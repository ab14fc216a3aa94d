import { listedName } from '../tree/name.ts'
import { booleanOption } from '../tree/option.ts'
import { type Family, objectRef, unknown } from './effect.ts'

/** Statements that run something else, and those that change neither catalog nor data. */
export const execution: Family = {
  CallStmt: (fields) => {
    const name = listedName(fields.funccall?.funcname)
    const text = name.schema === null ? name.name : `${name.schema}.${name.name}`
    return [unknown(`CALL ${text}()`, objectRef('procedure', name))]
  },
  /** Read by do-block.ts, which knows PL/pgSQL. */
  DoStmt: () => [unknown('DO')],
  ExecuteStmt: (fields) => [unknown(`EXECUTE ${fields.name ?? ''}`)],
  /** Without ANALYZE it only shows the plan. */
  ExplainStmt: (fields, effectsOf) =>
    booleanOption(fields.options, 'analyze') && fields.query !== undefined
      ? effectsOf(fields.query)
      : [],
  LoadStmt: (fields) => [unknown(`LOAD ${fields.filename ?? ''}`)],
  PrepareStmt: () => [],
  DeallocateStmt: () => [],
  TransactionStmt: () => [],
  ConstraintsSetStmt: () => [],
  VariableShowStmt: () => [],
  ListenStmt: () => [],
  UnlistenStmt: () => [],
  NotifyStmt: () => [],
  CheckPointStmt: () => [],
  FetchStmt: () => [],
  ClosePortalStmt: () => [],
}
