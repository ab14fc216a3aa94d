import { createHash } from 'node:crypto'
import { ServerError } from '../postgres/server-error.ts'
import { sqlstate } from '../postgres/sqlstate.ts'
import type { Session } from '../postgres/types.ts'
import type { ObjectKind } from '../sql/types.ts'
import { databaseSections } from './catalog/database.ts'
import { definitionSections } from './catalog/definitions.ts'
import { relationSections } from './catalog/relations.ts'
import { common, type Section } from './catalog/section.ts'
import type { Fingerprint, FingerprintObject } from './types.ts'

export { differenceOf } from './difference.ts'

/** How often the catalog is read again when it changed meanwhile. */
const attempts = 5

/**
 * The whole catalog as it is now, by name, never by OID. For a session in autocommit (the observer): one message, whose settings and locks (ACCESS SHARE on
 * what views and rules mention) are gone with its end. Throws a ServerError; 55P03 when a table was locked for five seconds.
 */
export async function readFingerprint(session: Session): Promise<Fingerprint> {
  const sections = allSections(session.serverMajor)
  try {
    return await readSections(session, sections, [])
  } catch (error) {
    if (!isForbidden(error)) throw error
    return await readWhatIsAllowed(session, sections)
  }
}

const byMajor = new Map<number, readonly Section[]>()

function allSections(major: number): readonly Section[] {
  const known = byMajor.get(major)
  const sections = known ?? [...databaseSections(major), ...relationSections, ...definitionSections]
  byMajor.set(major, sections)
  return sections
}

/** A role may be kept from a catalog (some hosts do); all others are still compared. */
async function readWhatIsAllowed(
  session: Session,
  sections: readonly Section[],
): Promise<Fingerprint> {
  const allowed: Section[] = []
  const unread: string[] = []
  for (const section of sections) {
    try {
      await readOnce(session, [section])
      allowed.push(section)
    } catch (error) {
      if (!isForbidden(error)) throw error
      unread.push(section.title)
    }
  }
  return readSections(session, allowed, unread)
}

function isForbidden(error: unknown): boolean {
  return error instanceof ServerError && error.code === sqlstate.insufficientPrivilege
}

/**
 * Catalog rows come from the statement's snapshot, deparsed texts from the newest state: they may disagree. So it is read again until two reads are equal, unless the
 * server's snapshot was the same before and after: then nothing was committed in between, and one read is enough.
 */
async function readSections(
  session: Session,
  sections: readonly Section[],
  unread: readonly string[],
): Promise<Fingerprint> {
  const finish = (objects: Objects, hash: string, stable: boolean): Fingerprint => {
    return { serverMajor: session.serverMajor, objects, hash, unread, stable }
  }
  let previous = ''
  for (let attempt = 1; ; attempt++) {
    const read = await readOnce(session, sections).catch((error: unknown) => {
      if (attempt > attempts || !isGone(error)) throw error
      return null
    })
    if (read === null) continue
    const { objects, quiet } = read
    const hash = hashOf(objects)
    if (quiet || hash === previous) return finish(objects, hash, true)
    if (attempt > attempts) return finish(objects, hash, false)
    previous = hash
  }
}

/** What the snapshot still showed was dropped before it could be deparsed: 'cache lookup failed for …' (seen on 15). */
function isGone(error: unknown): boolean {
  if (!(error instanceof ServerError)) return false
  return (
    error.code === sqlstate.internalError ||
    error.code === sqlstate.undefinedTable ||
    error.code === sqlstate.undefinedObject
  )
}

type Objects = ReadonlyMap<string, FingerprintObject>

/** Texts must not depend on settings of the role or the database; a lock on a table must not hold us up for long. */
const settings = `
  SET LOCAL search_path = '';
  SET LOCAL TimeZone = 'UTC';
  SET LOCAL DateStyle = 'ISO';
  SET LOCAL IntervalStyle = 'postgres';
  SET LOCAL extra_float_digits = 1;
  SET LOCAL bytea_output = 'hex';
  SET LOCAL quote_all_identifiers = off;
  SET LOCAL lock_timeout = '5s';
  SET LOCAL jit = off;`

/** Names of the prepared statements for all sections: planning them takes longer than reading a small catalog (20 ms and 6 ms). */
const prepared = new WeakMap<Session, string>()
let names = 0

async function readOnce(
  session: Session,
  sections: readonly Section[],
): Promise<{ readonly objects: Objects; readonly quiet: boolean }> {
  const { prepare, execute } = statementsFor(session, sections)
  const message = `${settings} ${prepare}
    SELECT pg_catalog.pg_current_snapshot();
    ${execute};
    SELECT pg_catalog.pg_current_snapshot()`
  const results = await session.simple(message).catch((error: unknown) => {
    // Somebody ran DISCARD ALL on this session.
    const isForgotten =
      error instanceof ServerError && error.code === sqlstate.invalidSqlStatementName
    if (!isForgotten || !prepared.delete(session)) throw error
    return null
  })
  if (results === null) return readOnce(session, sections)
  const [before, found, after] = results.slice(-3)
  const objects = (found?.rows ?? []).map(objectOf)
  return {
    objects: new Map(objects.toSorted(byKey).map((object) => [object.key, object])),
    quiet: before?.rows[0]?.[0] === after?.rows[0]?.[0],
  }
}

/** A new name each time: PREPARE outlives the message that it failed in. */
function statementsFor(
  session: Session,
  sections: readonly Section[],
): { readonly prepare: string; readonly execute: string } {
  const query = queryOf(sections)
  if (sections !== allSections(session.serverMajor)) return { prepare: '', execute: query }
  const known = prepared.get(session)
  if (known !== undefined) return { prepare: '', execute: `EXECUTE ${known}` }
  const name = `pg_airlock_fingerprint_${++names}`
  prepared.set(session, name)
  return { prepare: `PREPARE ${name} AS ${query};`, execute: `EXECUTE ${name}` }
}

function queryOf(sections: readonly Section[]): string {
  return `WITH ${common} ${sections.map(({ sql }) => `(${sql})`).join('\nUNION ALL\n')}`
}

function byKey(a: FingerprintObject, b: FingerprintObject): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

function objectOf(row: readonly (string | null)[]): FingerprintObject {
  const [kind, schema, name, table, args, identity, json] = row
  const attributes: Record<string, string | null> = JSON.parse(json ?? '{}')
  const known = Object.entries(attributes).filter(
    (pair): pair is [string, string] => pair[1] !== null,
  )
  return {
    key: `${kind} ${identity}`.trimEnd(),
    kind: kind as ObjectKind,
    schema: schema ?? null,
    name: name ?? '',
    ...(table == null ? {} : { table }),
    ...(args == null ? {} : { arguments: args }),
    attributes: Object.fromEntries(known),
  }
}

function hashOf(objects: Objects): string {
  const hash = createHash('sha256')
  for (const { key, attributes } of objects.values()) {
    hash.update(JSON.stringify([key, ...Object.entries(attributes)]))
    hash.update('\n')
  }
  return hash.digest('hex')
}

/** One line of text, for the journal. */
export function serialise(fingerprint: Fingerprint): string {
  const { serverMajor, objects, hash, unread, stable } = fingerprint
  return JSON.stringify({ serverMajor, hash, unread, stable, objects: [...objects.values()] })
}

/** The inverse of `serialise`. Throws where the text is none, or was changed. */
export function deserialise(text: string): Fingerprint {
  const stored: Omit<Fingerprint, 'objects'> & { readonly objects: readonly FingerprintObject[] } =
    JSON.parse(text)
  const objects = new Map(stored.objects.map((object) => [object.key, object]))
  if (hashOf(objects) !== stored.hash) {
    throw new Error('the stored fingerprint does not match its own hash')
  }
  return { ...stored, objects }
}
