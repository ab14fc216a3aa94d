import { parseExpression } from '../fragment.ts'
import { fieldsOf, readByType } from '../tree/node.ts'
import type { A_Expr, ByType, SubLink, TreeNode } from '../tree/types.ts'
import { textOf, textsOf } from '../tree/value.ts'
import type { Effect } from '../types.ts'
import { isExistenceQuery, namesIn } from './catalog-query.ts'

/**
 * What may keep a statement of a PL/pgSQL body from running.
 * - `existence`: it runs if a catalog holds (`positive`) or lacks something of one of these names.
 * - `handler`: an exception handler swallows that it was there already ('duplicate') or never was ('undefined').
 * - `other`: anything else, in words.
 */
export type Guard =
  | { readonly type: 'existence'; readonly positive: boolean; readonly names: ReadonlySet<string> }
  | { readonly type: 'handler'; readonly swallows: 'duplicate' | 'undefined' }
  | { readonly type: 'other'; readonly text: string }

/**
 * Whether the guard leaves no doubt about the effect: what `IF NOT EXISTS (… 'c') THEN` creates as c is there afterwards in any case,
 * what `IF EXISTS (… 'c') THEN` drops as c is gone.
 */
export function vouchesFor(guard: Guard, effect: Effect): boolean {
  const { op, object } = effect
  if (op !== 'create' && op !== 'drop') return false
  if (guard.type === 'handler')
    return guard.swallows === (op === 'create' ? 'duplicate' : 'undefined')
  if (guard.type === 'other') return false
  return guard.positive === (op === 'drop') && object.name !== null && guard.names.has(object.name)
}

/** The guards of what stands behind a condition, `when` it holds, or `instead` in its ELSE. */
export interface Condition {
  readonly when: readonly Guard[]
  readonly instead: readonly Guard[]
}

/** Reads `IF text THEN`. `previous` is the query of the statement just before, for IF [NOT] FOUND and IF [NOT] the variable it filled. */
export function readCondition(
  text: string,
  previous: { readonly query: string; readonly into: string | null } | null,
): Condition {
  const guards = conjunction(parseExpression(text)) ?? afterQuery(text, previous)
  if (guards === null) {
    const words = `IF ${shorten(text)}`
    return { when: [otherGuard(words)], instead: [otherGuard(`ELSE of ${words}`)] }
  }
  const [only, ...more] = guards
  const opposite = only?.type === 'existence' && more.length === 0 ? [negate(only)] : null
  return { when: guards, instead: opposite ?? [otherGuard(`ELSE of IF ${shorten(text)}`)] }
}

export function otherGuard(text: string): Guard {
  return { type: 'other', text }
}

type Existence = Extract<Guard, { type: 'existence' }>

function negate(guard: Existence): Existence {
  return { ...guard, positive: !guard.positive }
}

/** One line of at most 60 characters, for a reason in a report. */
export function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= 60 ? line : `${line.slice(0, 59)}…`
}

function firstTarget(select: unknown): TreeNode | null {
  const [target, ...more] = fieldsOf(select, 'SelectStmt')?.targetList ?? []
  return more.length === 0 ? (fieldsOf(target, 'ResTarget')?.val ?? null) : null
}

/** `A AND B` as one guard each; null when a part is no existence guard. */
function conjunction(expression: TreeNode | null): readonly Existence[] | null {
  const both = fieldsOf(expression, 'BoolExpr')
  if (both?.boolop === 'AND_EXPR') {
    const parts = (both.args ?? []).map(conjunction)
    return parts.every((part) => part !== null) ? parts.flat() : null
  }
  const guard = existence(expression)
  return guard === null ? null : [guard]
}

/** IF NOT FOUND after a query on a catalog, and IF NOT v after SELECT EXISTS (…) INTO v. */
function afterQuery(
  text: string,
  previous: { readonly query: string; readonly into: string | null } | null,
): readonly Existence[] | null {
  const [, not, variable] = /^\s*(not\s+)?(\w+)\s*$/i.exec(text) ?? []
  if (previous === null || variable === undefined) return null
  const query = parseExpression(`EXISTS (${previous.query})`)
  const isFound = variable.toLowerCase() === 'found'
  const isInto = previous.into?.toLowerCase() === variable.toLowerCase()
  if (query === null || (!isFound && !isInto)) return null
  const asked = isFound ? query : firstTarget(fieldsOf(query, 'SubLink')?.subselect)
  const guard = existence(asked)
  if (guard === null) return null
  return [not === undefined ? guard : negate(guard)]
}

/** The forms in which migrations ask a catalog whether something is there. */
function existence(expression: TreeNode | null | undefined): Existence | null {
  return readByType(FORMS, expression) ?? null
}

const FORMS: ByType<Existence | null> = {
  BoolExpr: ({ boolop, args = [] }) => {
    const inner = boolop === 'NOT_EXPR' ? existence(args[0]) : null
    return inner === null ? null : negate(inner)
  },
  SubLink: (fields) =>
    fields.subLinkType === 'EXPR_SUBLINK'
      ? existence(firstTarget(fields.subselect))
      : catalogQuery(fields),
  NullTest: ({ arg, nulltesttype }) => {
    const found = readByType(LOOKUPS, arg) ?? null
    return found === null || nulltesttype !== 'IS_NULL' ? found : negate(found)
  },
  A_Expr: countComparison,
}

/** to_regclass('…') and its siblings, or a subquery on catalogs: NULL when nothing is there. */
const LOOKUPS: ByType<Existence | null> = {
  FuncCall: (call) =>
    textsOf(call.funcname).at(-1)?.startsWith('to_reg') === true
      ? { type: 'existence', positive: true, names: namesIn(call) }
      : null,
  SubLink: (fields) => catalogQuery(fields),
}

/** (SELECT count(*) FROM catalog …) compared with 0 or 1. */
function countComparison({ lexpr, name, rexpr }: A_Expr): Existence | null {
  const subquery = fieldsOf(lexpr, 'SubLink')
  const count = fieldsOf(firstTarget(subquery?.subselect), 'FuncCall')
  if (subquery === undefined || textsOf(count?.funcname).at(-1) !== 'count') return null
  const found = catalogQuery(subquery)
  if (found === null) return null
  const comparison = `${textsOf(name)[0]} ${textOf(rexpr)}`
  if (['= 0', '< 1'].includes(comparison)) return negate(found)
  return ['> 0', '<> 0', '>= 1', '= 1'].includes(comparison) ? found : null
}

/** A subquery on catalogs that asks for one object. */
function catalogQuery(subquery: SubLink): Existence | null {
  if (!isExistenceQuery(subquery)) return null
  return { type: 'existence', positive: true, names: namesIn(subquery) }
}
