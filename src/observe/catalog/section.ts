/**
 * One kind of object of the catalog: a SELECT of
 * (kind, schema, name, "table", arguments, identity, attributes json), run with an empty search_path over the CTEs of `common`.
 * `identity` is the full name as the server quotes it; null attributes are left out.
 */
export interface Section {
  readonly title: string
  readonly sql: string
}

/**
 * What all sections read. Extensions bring their objects along, so these are no part of the picture; `airlock` is our own, and all names that
 * begin with pg_ are the server's.
 */
export const common = `
  ns AS MATERIALIZED (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl
      FROM pg_namespace n
     WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'airlock')
       AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_namespace'::regclass
                          AND e.objid = n.oid AND e.deptype = 'e')
  ),
  owned AS MATERIALIZED (
    SELECT d.classid, d.objid FROM pg_depend d WHERE d.deptype = 'e'
  ),
  rel AS MATERIALIZED (
    SELECT c.*, n.nspname, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS identity
      FROM pg_class c JOIN ns n ON n.oid = c.relnamespace
     WHERE c.relpersistence <> 't' AND c.relkind <> 't'
       AND NOT EXISTS (SELECT FROM owned o WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid)
  )`

/** True where the row of `table` (a pg_* catalog) is an extension's. */
export function isOwned(catalog: string, oid: string): string {
  return `EXISTS (SELECT FROM owned o WHERE o.classid = '${catalog}'::regclass AND o.objid = ${oid})`
}

/** A comment as a scalar. */
export function comment(catalog: string, oid: string, column = '0'): string {
  return `(SELECT d.description FROM pg_description d WHERE d.objoid = ${oid} AND d.classoid = '${catalog}'::regclass AND d.objsubid = ${column})`
}

/**
 * Privileges as sorted text. Never granted and granted-then-revoked are equal: a null list is replaced by the default that it stands for.
 * `type` as acldefault takes it.
 */
export function privileges(list: string, type: string, owner: string): string {
  return `(SELECT string_agg(a::text, ', ' ORDER BY a::text COLLATE "C") FROM unnest(coalesce(${list}, acldefault('${type}', ${owner}))) a)`
}

/** Column privileges have no default. */
export function columnPrivileges(list: string): string {
  return `CASE WHEN ${list} IS NOT NULL THEN (SELECT string_agg(a::text, ', ' ORDER BY a::text COLLATE "C") FROM unnest(${list}) a) END`
}

export function enabledWord(letter: string): string {
  return `CASE ${letter} WHEN 'O' THEN 'enabled' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END`
}
