import {
  type BodyPart,
  type PlpgsqlBody,
  readPlpgsqlBody,
  readPlpgsqlRoutine,
} from './do-block/body.ts'
import { type Guard, vouchesFor } from './do-block/guard.ts'
import { unknown } from './effects/effect.ts'
import { parseExpression, parseStatement } from './fragment.ts'
import { SyntaxFailure } from './parser.ts'
import { nextSearchPath, type SearchPath } from './search-path.ts'
import { listedName } from './tree/name.ts'
import { fieldsOf, membersOf, typeOf } from './tree/node.ts'
import { optionOf } from './tree/option.ts'
import { stringConstant, textOf } from './tree/value.ts'
import type { Effect, Node, QualifiedName } from './types.ts'

/** How the effects of one static statement are read; given by the caller. */
export type EffectsOf = (
  node: Node,
  context: { readonly searchPath: readonly string[] | null },
) => readonly Effect[]

/**
 * What a DO block does as far as its text shows: the effects of its static SQL, `guarded` where a condition, loop or handler may skip
 * them. A guarded effect with a `reason` may or may not have happened; without one its outcome is certain: the object was there
 * already (or gone) or is now. EXECUTE of anything but a constant, function calls and other languages are `unknown`.
 * @throws SyntaxFailure when the body is no PL/pgSQL.
 */
export function doBlockEffects(
  node: Node,
  effectsOf: EffectsOf,
  context: { readonly searchPath: SearchPath },
): readonly Effect[] {
  const { language, body } = sourceOf(node)
  if (language !== 'plpgsql') return [unknownEffect(`DO in ${language}`)]
  const read = readBody(body)
  if (read === null) return [unknownEffect('a DO block that only the server can read')]
  let searchPath = context.searchPath
  return read.parts.flatMap((part) => {
    const statement = parsePart(part)
    if (statement === null) return [unknownEffect(unreadable(part), part.guards)]
    const effects = effectsOf(statement, { searchPath })
    searchPath = nextSearchPath(statement, searchPath)
    return effects.map((effect) => guardEffect(effect, statement, effects, part.guards))
  })
}

function unreadable({ kind }: BodyPart): string {
  return kind === 'dynamic' ? 'EXECUTE' : 'SQL that only the server can read'
}

/** Whether the body of a DO block holds COMMIT or ROLLBACK: it then fails with 2D000 inside a transaction block. */
export function doesEndTransaction(node: Node): boolean {
  return bodyOf(node)?.endsTransaction ?? false
}

/** Whether a DO block has EXCEPTION blocks, which run as subtransactions: its row counts are 'at most'. */
export function hasSubtransactions(node: Node): boolean {
  return bodyOf(node)?.subtransactions ?? false
}

/** The SQL in a DO block that its text shows, in order, conditions left aside. */
export function statementsInDoBlock(node: Node): readonly Node[] {
  const body = bodyOf(node)
  return body === null ? [] : statementsIn(body)
}

function statementsIn({ parts }: PlpgsqlBody): readonly Node[] {
  return parts.map(parsePart).filter((statement) => statement !== null)
}

/**
 * Whether a CREATE PROCEDURE in PL/pgSQL, as the server prints it, ends transactions itself, and which procedures it calls, which may do so. Null when it
 * can't be read.
 */
export function transactionUseOf(
  definition: string,
): { readonly ends: boolean; readonly calls: readonly QualifiedName[] } | null {
  try {
    const body = readPlpgsqlRoutine(definition)
    const calls = membersOf(statementsIn(body), 'CallStmt')
    return {
      ends: body.endsTransaction,
      calls: calls.map(({ funccall }) => listedName(funccall?.funcname)),
    }
  } catch (error) {
    if (error instanceof SyntaxFailure) return null
    throw error
  }
}

/** The body of a DO statement and its language, lower case; plpgsql when none is named. */
export function sourceOf(node: Node): { readonly language: string; readonly body: string } {
  const options = fieldsOf(node, 'DoStmt')?.args
  return {
    language: (textOf(optionOf(options, 'language')?.arg) ?? 'plpgsql').toLowerCase(),
    body: textOf(optionOf(options, 'as')?.arg) ?? '',
  }
}

function bodyOf(node: Node): PlpgsqlBody | null {
  if (typeOf(node) !== 'DoStmt') return null
  const { language, body } = sourceOf(node)
  if (language !== 'plpgsql') return null
  try {
    return readPlpgsqlBody(body)
  } catch (error) {
    if (error instanceof SyntaxFailure) return null
    throw error
  }
}

/** libpg-query knows no catalog, so it takes fields of %ROWTYPE variables for mistakes: only what is wrong in any case is thrown. */
function readBody(body: string): PlpgsqlBody | null {
  try {
    return readPlpgsqlBody(body)
  } catch (error) {
    const isCertain =
      !(error instanceof SyntaxFailure) ||
      /^(?:syntax error|unterminated|unexpected end)/.test(error.message)
    if (isCertain) throw error
    return null
  }
}

/** The statement of a part: a constant text of EXECUTE is as good as static SQL. */
function parsePart({ kind, text }: BodyPart): Node | null {
  if (kind === 'statement') return parseStatement(text)
  if (kind === 'expression') return parseStatement(`SELECT ${text}`)
  const sql = stringConstant(fieldsOf(parseExpression(text), 'A_Const'))
  return sql === null ? null : parseStatement(sql)
}

function guardEffect(
  effect: Effect,
  statement: Node,
  siblings: readonly Effect[],
  guards: readonly Guard[],
): Effect {
  if (guards.length === 0) return effect
  const doubt = guards.find((guard) => !isCertain(guard, effect, statement, siblings))
  const reason = effect.reason ?? (doubt === undefined ? undefined : reasonOf(doubt))
  return { ...effect, guarded: true, ...(reason === undefined ? {} : { reason }) }
}

/**
 * ALTER TABLE may do several things, each to be judged by itself, and a handler that swallows one of them undoes all. Any other
 * statement stands or falls with the object that it is about, its first effect.
 */
function isCertain(
  guard: Guard,
  effect: Effect,
  statement: Node,
  siblings: readonly Effect[],
): boolean {
  const alter = fieldsOf(statement, 'AlterTableStmt')
  const [first = effect] = siblings
  if (alter === undefined) return vouchesFor(guard, first)
  const isOnly = alter.cmds?.length === 1
  if (guard.type === 'handler' && !isOnly) return false
  return vouchesFor(guard, isOnly ? first : effect)
}

function reasonOf(guard: Guard): string {
  if (guard.type === 'other') return `behind ${guard.text}`
  if (guard.type === 'handler') return 'behind an exception handler'
  return 'behind a condition on other objects'
}

function unknownEffect(reason: string, guards: readonly Guard[] = []): Effect {
  return { ...unknown(reason), guarded: guards.length > 0 }
}
