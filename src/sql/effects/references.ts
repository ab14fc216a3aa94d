import { descendants, descendantsOf } from '../tree/descendants.ts'
import { listedName, relationName } from '../tree/name.ts'
import { readByType } from '../tree/node.ts'
import type { ByType, TypeName } from '../tree/types.ts'
import type { ObjectRef, QualifiedName } from '../types.ts'
import { objectRef } from './effect.ts'
import { isHarmlessFunction } from './harmless-functions.ts'

/**
 * Relations, functions and types that a part of a statement mentions, each once; not the names of its WITH queries, and neither
 * functions nor types that every server has.
 */
export function referencesIn(part: unknown): ObjectRef[] {
  const withQueries = withQueriesIn(part)
  const found = new Map<string, ObjectRef>()
  const add = (ref: ObjectRef) => found.set(JSON.stringify(ref), ref)
  for (const node of descendants(part)) {
    const used = readByType(MENTIONS, node) ?? null
    const hidden =
      used?.kind === 'table' && used.schema === null && withQueries.has(used.name ?? '')
    if (used !== null && !hidden) add(used)
  }
  typesBelow(part, (typeName) => {
    const used = typeReference(typeName)
    if (used !== null) add(used)
  })
  return [...found.values()]
}

const MENTIONS: ByType<ObjectRef | null> = {
  RangeVar: (relation) => objectRef('table', relationName(relation)),
  FuncCall: ({ funcname }) => {
    const name = listedName(funcname)
    return isHarmlessFunction(name) ? null : objectRef('function', name)
  },
}

/** Names of WITH queries anywhere below; one that hides a table of the same name elsewhere in the statement hides it here too. */
function withQueriesIn(part: unknown): ReadonlySet<string> {
  const queries = [...descendantsOf(part, 'CommonTableExpr')]
  return new Set(queries.map(({ ctename = '' }) => ctename))
}

/** A type that somebody made: not spelled as one of the server's own. */
export function typeReference(typeName: TypeName | undefined): ObjectRef | null {
  if (typeName === undefined || typeName.names === undefined) return null
  const name: QualifiedName = listedName(typeName.names)
  if (name.schema === 'pg_catalog' || typeName.pct_type === true) return null
  return name.schema === null && BUILT_IN.has(name.name) ? null : objectRef('type', name)
}

/** Inside other nodes a TypeName stands without its own wrapper: `typeName: { names: […] }`. */
function typesBelow(part: unknown, visit: (typeName: TypeName) => void): void {
  if (Array.isArray(part)) {
    for (const item of part) typesBelow(item, visit)
  } else if (typeof part === 'object' && part !== null) {
    for (const [key, below] of Object.entries(part)) {
      if (key === 'typeName' || key === 'argType' || key === 'returnType') visit(below as TypeName)
      typesBelow(below, visit)
    }
  }
}

const BUILT_IN: ReadonlySet<string> = new Set(
  `
  bool boolean bytea char name int8 int2 int4 int float4 float8 text oid tid xid xid8 cid json jsonb xml point lseg path box
  polygon line circle money macaddr macaddr8 inet cidr bpchar varchar date time timetz timestamp timestamptz interval bit varbit
  numeric refcursor uuid pg_lsn tsvector tsquery gtsvector jsonpath txid_snapshot pg_snapshot int2vector oidvector
  int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange tsmultirange
  tstzmultirange datemultirange regclass regproc regprocedure regoper regoperator regtype regrole regnamespace regconfig
  regdictionary regcollation record void trigger event_trigger anyelement anyarray anynonarray anyenum anyrange anymultirange
  anycompatible anycompatiblearray anycompatiblenonarray anycompatiblerange anycompatiblemultirange cstring internal
  language_handler fdw_handler index_am_handler tsm_handler table_am_handler any unknown pg_ddl_command
  serial serial2 serial4 serial8 smallserial bigserial
  `
    .trim()
    .split(/\s+/),
)
