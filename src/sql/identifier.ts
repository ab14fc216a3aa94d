import type { QualifiedName } from './types.ts'

/**
 * Keywords of every class but "unreserved", which quote_ident() quotes. PostgreSQL 18's list holds those of 14 to 17;
 * the thirteen newest (json_table, merge_action, system_user, …) are quoted for older servers too, which changes nothing there.
 */
const KEYWORDS: ReadonlySet<string> = new Set(
  `
  all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char
  character check coalesce collate collation column concurrently constraint create cross current_catalog current_date
  current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do
  else end except exists extract false fetch float for foreign freeze from full grant greatest group grouping having ilike
  in initially inner inout int integer intersect interval into is isnull join json json_array json_arrayagg json_exists
  json_object json_objectagg json_query json_scalar json_serialize json_table json_value lateral leading least left like
  limit localtime localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset
  on only or order out outer overlaps overlay placing position precision primary real references returning right row select
  session_user setof similar smallint some substring symmetric system_user table tablesample then time timestamp to trailing
  treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat
  xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
  `
    .trim()
    .split(/\s+/),
)

/** A name as quote_ident() prints it: bare when it is lower case, plain and no keyword, else in double quotes. */
export function quoteIdentifier(name: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !KEYWORDS.has(name)) return name
  return `"${name.replaceAll('"', '""')}"`
}

/** `schema.name`, each part quoted where it must be; the name alone when the schema is left to the search path. */
export function quoteName({ schema, name }: QualifiedName): string {
  const quoted = quoteIdentifier(name)
  return schema === null ? quoted : `${quoteIdentifier(schema)}.${quoted}`
}

/** A string constant as quote_literal() prints it: E'…' when it holds a backslash, so that it means the same under either setting of standard_conforming_strings. */
export function quoteLiteral(text: string): string {
  const prefix = text.includes('\\') ? 'E' : ''
  return `${prefix}'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
}
