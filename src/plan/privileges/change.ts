import type { Effect, ObjectKind, ObjectRef } from '../../sql/types.ts'
import {
  itself,
  onDatabase,
  onTable,
  onUsed,
  owner,
  ownerOf,
  superuser,
  underived,
  type Want,
} from './need.ts'

/** What altering, dropping, renaming, commenting on or granting an object takes. */
export function changeWants(effect: Effect, statement: string, role: string): readonly Want[] {
  const { op, object, to, change = '' } = effect
  const mine = ownerOf(object, statement)
  const absent = effect.ifExists ? { mayBeAbsent: true } : {}
  const owned = owner(mine, absent)
  if (object.kind === 'role') return roleWants(effect, role)
  if (object.kind === 'parameter') return parameterWants(effect)
  if (!judged.has(mine.kind)) return [underived(object, `what ${statement} takes isn't derived`)]
  switch (op) {
    case 'drop':
      return [
        { ...owned, anyOf: inSchema.has(object.kind) ? ['OWNER', 'SCHEMA OWNER'] : ['OWNER'] },
      ]
    case 'rename':
      return [owned, ...(inSchema.has(object.kind) ? [createBeside(mine, absent)] : [])]
    case 'set schema':
      return [owned, createIn(to ?? null)]
    case 'set owner':
      return [owned, ...newOwnerWants(mine, to ?? '', role)]
    case 'attach':
    case 'detach': {
      const { partition } = effect
      return partition === undefined ? [owned] : [owned, owner({ kind: mine.kind, ...partition })]
    }
    case 'grant':
    case 'revoke':
      return grantWants(effect, mine)
    case 'disable':
    case 'enable':
      return [owned, ...(change === 'TRIGGER ALL' ? [superuser()] : [])]
    default:
      return [owned, ...(effect.uses ?? []).flatMap((each) => addedWants(effect, each))]
  }
}

const inSchema: ReadonlySet<ObjectKind> = new Set([
  'table',
  'index',
  'view',
  'materialized view',
  'sequence',
  'foreign table',
  'function',
  'procedure',
  'aggregate',
  'type',
  'domain',
  'statistics',
  'collation',
])

/** Kinds whose owner (or privileges) one query can look up. */
const judged: ReadonlySet<ObjectKind> = new Set([
  ...inSchema,
  'schema',
  'extension',
  'publication',
  'subscription',
  'database',
  'foreign server',
  'foreign data wrapper',
  'language',
  'event trigger',
])

function addedWants({ object, change, op }: Effect, used: ObjectRef): readonly Want[] {
  if (object.kind === 'publication') return used.kind === 'table' ? [owner(used)] : []
  const becomesParent = change === 'INHERIT' || change === 'NO INHERIT'
  if (used.kind === 'table' && becomesParent) return [owner(used)]
  const want = op === 'comment' ? null : onUsed(used)
  return want === null ? [] : [want]
}

/** Who owns it may grant, and who was given a grant option. Of all objects of a schema nothing is derived. */
function grantWants({ object, change = '' }: Effect, mine: ObjectRef): readonly Want[] {
  if (change.startsWith('DEFAULT PRIVILEGES')) return []
  if (/^ALL \w+: /.test(change))
    return [underived(object, 'whose all objects of the schema are isn’t looked up')]
  return [{ ...owner(mine), anyOf: ['OWNER', 'GRANT OPTION'], lenient: true }]
}

function roleWants({ op, object, change, to }: Effect, role: string): readonly Want[] {
  const administers: Want = { group: 'special', object: itself, anyOf: ['SUPERUSER', 'CREATEROLE'] }
  if (op === 'unknown') return [memberOf(object.name ?? '')]
  if (op === 'grant' || op === 'revoke') {
    return change === 'MEMBERSHIP'
      ? [{ group: 'special', object, anyOf: ['ADMIN'], mayBeAbsent: true }]
      : []
  }
  // A role may change its own password and settings, nothing else of itself.
  const harmless = change === 'PASSWORD' || to !== undefined || /^RESET/.test(change ?? '')
  return op === 'alter' && isSelf(object.name ?? undefined, role) && harmless ? [] : [administers]
}

function parameterWants({ object, change, to }: Effect): readonly Want[] {
  const name = object.name ?? ''
  const absent = { mayBeAbsent: name.includes('.') || name === 'ALL' }
  if (change === 'ALTER SYSTEM') {
    return [{ group: 'special', object, anyOf: ['ALTER SYSTEM', 'SUPERUSER'], ...absent }]
  }
  if (name === 'role') {
    return to === undefined || to === 'none' ? [] : [{ ...memberOf(to), anyOf: ['SESSION SET'] }]
  }
  if (name === 'session_authorization') {
    return to === undefined
      ? []
      : [underived(object, 'it takes a login of a superuser, which isn’t looked up')]
  }
  return to === undefined ? [] : [{ group: 'special', object, anyOf: ['SET'], ...absent }]
}

/** Giving something to a role, or taking its part, is for those who may SET ROLE to it. */
function memberOf(name: string): Want {
  return { group: 'special', object: { kind: 'role', schema: null, name }, anyOf: ['SET'] }
}

/** Whoever gets it must be one that the role may become, and may create in its schema; superusers are asked neither. */
function newOwnerWants(object: ObjectRef, name: string, role: string): readonly Want[] {
  const self = isSelf(name, role)
  const creates = object.kind === 'schema' ? [onDatabase('CREATE')] : []
  if (!inSchema.has(object.kind) || object.kind === 'index') {
    return self ? creates : [memberOf(name), ...creates]
  }
  if (self) return [createBeside(object, {})]
  const doubt = `whether ${name} has CREATE on the schema of ${object.name ?? 'it'} isn’t looked up`
  return [memberOf(name), { ...superuser(), doubt }]
}

function isSelf(name: string | undefined, role: string): boolean {
  return name === role || name === 'CURRENT_USER' || name === 'CURRENT_ROLE'
}

function createIn(name: string | null): Want {
  return { group: 'schemas', object: { kind: 'schema', schema: null, name }, anyOf: ['CREATE'] }
}

function createBeside(object: ObjectRef, more: Partial<Want>): Want {
  return { group: 'schemas', object, anyOf: ['SCHEMA CREATE'], ...more }
}

/** VACUUM and ANALYZE leave out what they may not touch, with a warning; the others fail. MAINTAIN came with 17. */
export function maintenanceWants(effect: Effect, serverMajor: number): readonly Want[] {
  const { op, object } = effect
  if (object.kind === 'database' && op !== 'reindex') return []
  const maintain = serverMajor >= 17 ? ['MAINTAIN'] : []
  const skips = op === 'vacuum' || op === 'analyze'
  return [
    {
      ...owner(object),
      anyOf: ['OWNER', ...maintain],
      ...(skips ? { severity: 'warn' as const } : {}),
    },
  ]
}

/** Which privilege a LOCK TABLE takes is a question of its mode. */
export function lockWants({ object, change }: Effect, serverMajor: number): readonly Want[] {
  const strong = ['UPDATE', 'DELETE', 'TRUNCATE', ...(serverMajor >= 17 ? ['MAINTAIN'] : [])]
  if (change === 'ACCESS SHARE') return [onTable(object, 'SELECT', ...strong)]
  return [onTable(object, ...strong, ...(change === 'ROW EXCLUSIVE' ? ['INSERT'] : []))]
}
