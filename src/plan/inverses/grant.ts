import { quoteIdentifier } from '../../sql/identifier.ts'
import type { Effect, ObjectKind } from '../../sql/types.ts'
import type { ObjectBefore } from './object-before.ts'
import { alterPrefix } from './statement.ts'

/** The letters of an aclitem (utils/acl.h); MAINTAIN is 17's. */
const words: Readonly<Record<string, string>> = {
  r: 'SELECT',
  a: 'INSERT',
  w: 'UPDATE',
  d: 'DELETE',
  D: 'TRUNCATE',
  x: 'REFERENCES',
  t: 'TRIGGER',
  X: 'EXECUTE',
  U: 'USAGE',
  C: 'CREATE',
  m: 'MAINTAIN',
}
const asTable: ReadonlySet<ObjectKind> = new Set(['view', 'materialized view', 'foreign table'])

/**
 * Gives the roles of a GRANT or REVOKE the privileges back that they had, by taking all away first.
 * Null for what an object's own list doesn't tell: columns, memberships, defaults, ALL … IN SCHEMA.
 */
export function grantStatements(
  { object, change = '', to = '' }: Effect,
  { attributes }: ObjectBefore,
): readonly string[] | null {
  const prefix = alterPrefix(asTable.has(object.kind) ? { ...object, kind: 'table' } : object)
  const { privileges } = attributes
  if (prefix === null || privileges === undefined || /[:(]|^MEMBERSHIP/.test(change)) return null
  const target = prefix.slice('ALTER '.length)
  const items = parts(privileges).map(readItem)
  const roles = to.split(', ')
  if (!roles.every(isCertain)) return null
  return roles.flatMap((name) => {
    const role = name === 'PUBLIC' ? name : quoteIdentifier(name)
    const held = items.filter(({ grantee }) => grantee === (name === 'PUBLIC' ? '' : name))
    const granted = held.flatMap(({ plain }) => plain)
    const grantable = held.flatMap(({ withOption }) => withOption)
    return [
      `REVOKE ALL ON ${target} FROM ${role}`,
      ...(granted.length === 0 ? [] : [`GRANT ${granted.join(', ')} ON ${target} TO ${role}`]),
      ...(grantable.length === 0
        ? []
        : [`GRANT ${grantable.join(', ')} ON ${target} TO ${role} WITH GRANT OPTION`]),
    ]
  })
}

/** The effect lists roles unquoted: a name with a comma can't be told from two, CURRENT_USER not from a role of that name. */
function isCertain(role: string): boolean {
  return /^[\w$ .-]+$/.test(role) && !/^(CURRENT|SESSION)_/.test(role)
}

/** `grantee=r*w/grantor`: a star after a letter is its grant option. */
function readItem(item: string) {
  const [, grantee = '', letters = ''] =
    /^((?:"(?:[^"]|"")*"|[^"=])*)=([A-Za-z*]*)/.exec(item) ?? []
  const each = [...letters.matchAll(/([A-Za-z])(\*?)/g)]
  const of = (star: string) =>
    each.flatMap(([, letter = '', option]) => (option === star ? (words[letter] ?? []) : []))
  return { grantee: unquoted(grantee), plain: of(''), withOption: of('*') }
}

/** Parted by commas, those inside double quotes left alone. */
function parts(list: string): readonly string[] {
  return (list.match(/(?:"(?:[^"]|"")*"|[^",])+/g) ?? []).map((part) => part.trim())
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
}
