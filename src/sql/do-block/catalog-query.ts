import { descendantsOf } from '../tree/descendants.ts'
import { fieldsOf } from '../tree/node.ts'
import type { A_Expr, RangeVar, TreeNode } from '../tree/types.ts'
import { stringConstant, textOf, textsOf } from '../tree/value.ts'

/**
 * Whether a subquery asks for nothing but the existence of an object: it reads catalogs only, and names the object by columns that
 * identify one. `… AND NOT convalidated`, LIKE, OR and lists of names ask for more, so its answer says less of the object.
 */
export function isExistenceQuery(query: unknown): boolean {
  const relations = [...descendantsOf(query, 'RangeVar')]
  const selects = [...descendantsOf(query, 'SelectStmt')]
  const joins = [...descendantsOf(query, 'JoinExpr')]
  return (
    relations.length > 0 &&
    relations.every(isCatalog) &&
    selects.every(({ op, whereClause }) => op === 'SETOP_NONE' && identifies(whereClause)) &&
    joins.every(({ quals }) => identifies(quals))
  )
}

/** Every string constant, as it is and as the object's own name of a text for regclass ('public."Recipe"' → Recipe). */
export function namesIn(tree: unknown): ReadonlySet<string> {
  const names = new Set<string>()
  for (const constant of descendantsOf(tree, 'A_Const')) {
    const text = stringConstant(constant)
    if (text === null) continue
    names.add(text)
    const own = /(?:^|\.)(?:"((?:[^"]|"")+)"|([^".]+))\s*(?:\(.*)?$/.exec(text)
    if (own?.[1] !== undefined) names.add(own[1].replaceAll('""', '"'))
    if (own?.[2] !== undefined) names.add(own[2].trim().toLowerCase())
  }
  return names
}

function isCatalog({ schemaname, relname = '' }: RangeVar): boolean {
  if (schemaname === undefined) return relname.startsWith('pg_')
  return schemaname === 'pg_catalog' || schemaname === 'information_schema'
}

/** Columns of catalogs, of their views and of information_schema that tell which object is meant. */
const IDENTIFYING: ReadonlySet<string> = new Set(
  `
  oid conname conrelid connamespace contypid relname relnamespace typname typnamespace attname attrelid tgname tgrelid proname
  pronamespace nspname extname polname polrelid evtname pubname subname enumlabel enumtypid collname stxname rolname datname
  indexrelid indrelid schemaname tablename indexname viewname matviewname sequencename policyname rulename
  table_schema table_name column_name constraint_schema constraint_name trigger_schema trigger_name event_object_schema
  event_object_table routine_schema routine_name domain_schema domain_name sequence_schema sequence_name schema_name
  table_catalog constraint_catalog
  `
    .trim()
    .split(/\s+/),
)

/** Columns that say of what kind an object is: a list of kinds still means that object. */
const KIND = /^(?:relkind|contype|typtype|prokind|table_type|constraint_type)$/

function identifies(condition: TreeNode | undefined): boolean {
  if (condition === undefined) return true
  const junction = fieldsOf(condition, 'BoolExpr')
  if (junction !== undefined) {
    const { boolop, args = [] } = junction
    if (boolop === 'AND_EXPR') return args.every(identifies)
    return boolop === 'NOT_EXPR' && columnsIn(args).join() === 'attisdropped'
  }
  const comparison = fieldsOf(condition, 'A_Expr')
  return comparison !== undefined && comparisonIdentifies(comparison)
}

function comparisonIdentifies({ kind, name, lexpr, rexpr }: A_Expr): boolean {
  const operator = textsOf(name).at(-1)
  const columns = columnsIn([lexpr, rexpr])
  if (columns.join() === 'attnum') return operator === '>'
  if (operator !== '=') return false
  if (kind === 'AEXPR_IN') return columns.every((column) => KIND.test(column))
  return columns.every((column) => KIND.test(column) || IDENTIFYING.has(column))
}

function columnsIn(tree: unknown): readonly string[] {
  return [...descendantsOf(tree, 'ColumnRef')].map(({ fields }) => textOf(fields?.at(-1)) ?? '*')
}
