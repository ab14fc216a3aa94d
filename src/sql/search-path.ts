import { type SessionSetting, sessionSettings } from './setting.ts'
import type { Node, TransactionNeed } from './types.ts'

/** Schemas in order, unquoted; null while the session's own path stands, or one that the text doesn't tell. */
export type SearchPath = readonly string[] | null

/** The path after a statement and whether it ends with the transaction; undefined for a statement that doesn't touch it. */
interface Change {
  readonly path: SearchPath
  readonly local: boolean
}

/** The search path after `node` where `path` stood before, transactions left aside. */
export function nextSearchPath(node: Node, path: SearchPath): SearchPath {
  const change = changeOf(node)
  return change === undefined ? path : change.path
}

/** The search path from statement to statement of a file: SET LOCAL ends with the transaction, ROLLBACK takes back what was set in it. */
export class SearchPathTracker {
  #current: SearchPath = null
  #session: SearchPath = null
  #beforeTransaction: SearchPath = null

  /** What the next statement sees. */
  get current(): SearchPath {
    return this.#current
  }

  follow(node: Node, need: TransactionNeed): void {
    const change = changeOf(node)
    if (change !== undefined) this.set(change.path, change.local)
    if (need.type === 'begin') this.#beforeTransaction = this.#session
    if (need.type === 'rollback') this.#session = this.#beforeTransaction
    const ends = need.type === 'commit' || need.type === 'rollback' || need.type === 'none'
    if (!ends) return
    this.#current = this.#session
    this.#beforeTransaction = this.#session
  }

  set(path: SearchPath, local: boolean): void {
    this.#current = path
    if (!local) this.#session = path
  }
}

function changeOf(node: Node): Change | undefined {
  const setting = sessionSettings(node).findLast(
    ({ name }) => name === null || name === 'search_path',
  )
  return setting === undefined ? undefined : { path: pathOf(setting), local: setting.local }
}

/**
 * SET search_path TO a, 'b, c' names two schemas: each item is one name, whatever is in it; set_config('search_path', 'a, "B"', false) reads
 * its value as a list of identifiers. An empty one names none.
 */
function pathOf({ value, items }: SessionSetting): SearchPath {
  if (value === null) return null
  return (items ?? splitIdentifiers(value)).filter((schema) => schema !== '')
}

/** As the server's SplitIdentifierString(): commas part, double quotes keep, the rest is lower case. */
function splitIdentifiers(list: string): readonly string[] {
  const items = list.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^",]+))\s*(?:,|$)/g)
  return Array.from(items, ([, quoted, bare]) =>
    quoted === undefined ? (bare ?? '').trim().toLowerCase() : quoted.replaceAll('""', '"'),
  )
}
