import { parsePlpgsql } from '../parser.ts'
import { fieldsOf, membersOf, typeOf } from '../tree/node.ts'
import { anyFields, nodesIn, type PlpgsqlFields, type PlpgsqlList } from '../tree/plpgsql.ts'
import type { Node } from '../types.ts'
import { type Guard, otherGuard, readCondition, shorten } from './guard.ts'
import { conditionsOf, protectionOf } from './handler.ts'

/** SQL in a PL/pgSQL body, with what may keep it from running, outermost first. */
export interface BodyPart {
  /** 'statement': SQL as it stands. 'expression': what PL/pgSQL computes by SELECT. 'dynamic': the expression whose text is executed. */
  readonly kind: 'statement' | 'expression' | 'dynamic'
  readonly text: string
  /** 1-based, counted from the first line of the body. */
  readonly line: number
  readonly guards: readonly Guard[]
}

export interface PlpgsqlBody {
  /** In the order of the text. */
  readonly parts: readonly BodyPart[]
  /** COMMIT or ROLLBACK in the body. */
  readonly endsTransaction: boolean
  /** A block with EXCEPTION runs as a subtransaction: rows it changed count even when it is rolled back. */
  readonly subtransactions: boolean
}

/**
 * Reads the body of a DO block or a PL/pgSQL function.
 * @throws SyntaxFailure (without an offset) when libpg-query can't read it.
 */
export function readPlpgsqlBody(body: string): PlpgsqlBody {
  const tag = freeTag(body)
  return readPlpgsqlRoutine(`CREATE PROCEDURE p() LANGUAGE plpgsql AS ${tag}${body}${tag}`)
}

/**
 * The same of a whole CREATE FUNCTION or CREATE PROCEDURE, whose arguments its body may name.
 * @throws SyntaxFailure (without an offset) when libpg-query can't read it.
 */
export function readPlpgsqlRoutine(definition: string): PlpgsqlBody {
  const parsed = parsePlpgsql(definition)
  const { plpgsql_funcs: functions } = parsed as { readonly plpgsql_funcs?: readonly Node[] }
  return new BodyReader().read(fieldsOf(functions?.[0], 'PLpgSQL_function') ?? {})
}

/** A dollar quote that the body doesn't hold. */
function freeTag(body: string): string {
  let tag = '$body$'
  for (let n = 1; body.includes(tag); n++) tag = `$body${n}$`
  return tag
}

class BodyReader {
  readonly #parts: BodyPart[] = []
  #endsTransaction = false
  #subtransactions = false

  read(body: PlpgsqlFields): PlpgsqlBody {
    for (const variable of membersOf(body.datums, 'PLpgSQL_var')) {
      this.#add('expression', variable.default_val, variable, [])
      this.#add('statement', variable.cursor_explicit_expr, variable, [])
    }
    this.#readList(body.action, [])
    return {
      parts: this.#parts,
      endsTransaction: this.#endsTransaction,
      subtransactions: this.#subtransactions,
    }
  }

  /** Gives the guards that a conditional RETURN or EXIT puts before everything that follows. */
  #readList(list: PlpgsqlList, guards: readonly Guard[]): readonly Guard[] {
    const early: Guard[] = []
    let previous: Node | null = null
    for (const statement of nodesIn(list)) {
      early.push(...this.#readStatement(statement, [...guards, ...early], previous))
      previous = statement
    }
    return early
  }

  #readStatement(
    statement: Node,
    guards: readonly Guard[],
    previous: Node | null,
  ): readonly Guard[] {
    const type = typeOf(statement)
    const fields = anyFields(statement)
    switch (type) {
      case 'PLpgSQL_stmt_block':
        return this.#readBlock(fields, guards)
      case 'PLpgSQL_stmt_if':
        return this.#readIf(fields, guards, previous)
      case 'PLpgSQL_stmt_case':
        return this.#readCase(fields, guards)
      case 'PLpgSQL_stmt_commit':
      case 'PLpgSQL_stmt_rollback':
        this.#endsTransaction = true
        return []
      case 'PLpgSQL_stmt_exit':
        return [otherGuard(fields.cond === undefined ? 'EXIT' : 'EXIT WHEN')]
      default:
        this.#readExpressions(type, fields, guards)
        return this.#readLoop(fields, guards)
    }
  }

  #readExpressions(type: string, fields: PlpgsqlFields, guards: readonly Guard[]): void {
    const isDynamic = type === 'PLpgSQL_stmt_dynexecute' || type === 'PLpgSQL_stmt_dynfors'
    const isStatement = type === 'PLpgSQL_stmt_call' || type === 'PLpgSQL_stmt_perform'
    this.#add('statement', fields.sqlstmt, fields, guards)
    this.#add(isDynamic ? 'dynamic' : 'statement', fields.query, fields, guards)
    this.#add('dynamic', fields.dynquery, fields, guards)
    this.#add(isStatement ? 'statement' : 'expression', fields.expr, fields, guards)
    for (const name of ['cond', 'lower', 'upper', 'step', 'argquery', 'message'] as const) {
      this.#add('expression', fields[name], fields, guards)
    }
    for (const parameter of fields.params ?? []) {
      this.#add('expression', parameter, fields, guards)
    }
  }

  /** Every kind of loop has its statements in `body`. A plain RETURN leaves what follows for other paths: a guard only where it is conditional. */
  #readLoop(fields: PlpgsqlFields, guards: readonly Guard[]): readonly Guard[] {
    if (fields.body === undefined) return []
    const early = this.#readList(fields.body, [...guards, otherGuard('a loop')])
    return early.length === 0 ? [] : [otherGuard('EXIT or RETURN inside a loop')]
  }

  #readBlock(fields: PlpgsqlFields, guards: readonly Guard[]): readonly Guard[] {
    const { exc_list: exceptions } = fieldsOf(fields.exceptions, 'PLpgSQL_exception_block') ?? {}
    const handlers = membersOf(exceptions, 'PLpgSQL_exception')
    if (handlers.length === 0) return this.#readList(fields.body, guards)
    this.#subtransactions = true
    const protection = protectionOf(handlers, fields.body ?? [])
    const early = [...this.#readList(fields.body, [...guards, ...protection])]
    for (const handler of handlers) {
      const condition = otherGuard(`EXCEPTION WHEN ${conditionsOf(handler).join(' OR ')}`)
      early.push(...this.#readBranch(handler.action, [...guards, condition], condition))
    }
    return early
  }

  #readIf(
    fields: PlpgsqlFields,
    guards: readonly Guard[],
    previous: Node | null,
  ): readonly Guard[] {
    const early: Guard[] = []
    let before = guards
    const branches = [
      { cond: fields.cond, body: fields.then_body },
      ...membersOf(fields.elsif_list, 'PLpgSQL_if_elsif').map(({ cond, stmts }) => ({
        cond,
        body: stmts,
      })),
    ]
    for (const { cond, body } of branches) {
      const text = queryOf(cond) ?? ''
      const condition = readCondition(text, previousQuery(previous))
      if (condition.when.some((guard) => guard.type === 'other')) {
        this.#add('expression', cond, fields, before)
      }
      const [instead = otherGuard(`IF ${shorten(text)}`)] = condition.instead
      early.push(...this.#readBranch(body, [...before, ...condition.when], instead))
      before = [...before, ...condition.instead]
    }
    early.push(...this.#readBranch(fields.else_body, before, otherGuard('ELSE … RETURN')))
    return early
  }

  #readCase(fields: PlpgsqlFields, guards: readonly Guard[]): readonly Guard[] {
    const guard = otherGuard('CASE')
    const early: Guard[] = []
    this.#add('expression', fields.t_expr, fields, guards)
    for (const { stmts } of membersOf(fields.case_when_list, 'PLpgSQL_case_when')) {
      early.push(...this.#readBranch(stmts, [...guards, guard], guard))
    }
    early.push(...this.#readBranch(fields.else_stmts, [...guards, guard], guard))
    return early
  }

  /** A branch that ends with RETURN: what follows runs only where it wasn't taken, `instead`. */
  #readBranch(list: PlpgsqlList, guards: readonly Guard[], instead: Guard): readonly Guard[] {
    const early = this.#readList(list, guards)
    const returns = nodesIn(list).some((one) => typeOf(one) === 'PLpgSQL_stmt_return')
    return returns ? [instead] : early
  }

  #add(
    kind: BodyPart['kind'],
    expression: unknown,
    owner: PlpgsqlFields,
    guards: readonly Guard[],
  ): void {
    const text = queryOf(expression)
    if (text === null) return
    const { lineno: line = 1 } = owner
    this.#parts.push({
      kind,
      text: kind === 'statement' ? text : assignedValue(text, expression),
      line,
      guards,
    })
  }
}

function queryOf(expression: unknown): string | null {
  const query = fieldsOf(expression, 'PLpgSQL_expr')?.query
  return typeof query === 'string' ? query : null
}

/** RAW_PARSE_PLPGSQL_ASSIGN1 to 3 keep the target: `a.b := value`. */
function assignedValue(text: string, expression: unknown): string {
  const mode = fieldsOf(expression, 'PLpgSQL_expr')?.parseMode ?? 0
  return mode < 3 ? text : text.replace(/^[\s\S]*?:?=/, '')
}

/** What IF FOUND, or IF and a variable, may ask about. */
function previousQuery(previous: Node | null): { query: string; into: string | null } | null {
  if (previous === null) return null
  const { sqlstmt, expr, into, target } = anyFields(previous)
  const query = queryOf(sqlstmt) ?? queryOf(expr)
  if (query === null || !/^\s*(?:select|with)\b/i.test(query)) return null
  const [variable, ...more] = fieldsOf(target, 'PLpgSQL_row')?.fields ?? []
  return { query, into: into === true && more.length === 0 ? (variable?.name ?? null) : null }
}
