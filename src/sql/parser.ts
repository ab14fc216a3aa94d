import './dirname.ts'
import type { Node } from './types.ts'

/** One statement of a text: its parse tree and where it stands, in UTF-16 units like every `location` inside the tree. */
export interface ParsedStatement {
  readonly node: Node
  readonly start: number
  /** Up to the semicolon (excluded); comments before the semicolon or before the end of the text are part of it. */
  readonly length: number
}

/** The text is no SQL (or no PL/pgSQL): the parser's message and the UTF-16 offset at which it gave up, null where it tells none. */
export class SyntaxFailure extends Error {
  readonly offset: number | null

  constructor(message: string, offset: number | null) {
    super(message)
    this.name = 'SyntaxFailure'
    this.offset = offset
  }
}

/** Fields of the tree that hold a byte position (PostgreSQL 18: the list bounds of IN and ARRAY too). */
const POSITIONS: ReadonlySet<string> = new Set([
  'location',
  'name_location',
  'list_start',
  'list_end',
  'rexpr_list_start',
  'rexpr_list_end',
])

type Library = typeof import('libpg-query')

let loaded: Library | null = null

/**
 * Makes the parser ready; asked again it does nothing. The functions below throw until it has been awaited once. Not loaded with this module, because it
 * compiles its 1.7 MB as it is loaded, and not every command parses.
 */
export async function loadParser(): Promise<void> {
  const library = await import(/* webpackMode: "eager" */ 'libpg-query')
  await library.loadModule()
  loaded = library
}

function library(): Library {
  if (loaded === null) throw new Error('the parser was not loaded')
  return loaded
}

/**
 * Parses SQL with the grammar of PostgreSQL 18.
 * @throws SyntaxFailure with the offset of the first error.
 */
export function parseSql(text: string): ParsedStatement[] {
  refuseNul(text)
  if (text === '') return []
  const statements = parseTrees(text)
  const isAscii = Buffer.byteLength(text) === text.length
  const offsetOf = isAscii ? (byte: number) => byte : offsetsOfBytes(text)
  return statements.map(({ stmt, stmt_location = 0, stmt_len }) => {
    const start = offsetOf(stmt_location)
    const end = stmt_len === undefined ? text.length : offsetOf(stmt_location + stmt_len)
    const node = stmt ?? {}
    if (!isAscii) convertPositions(node, offsetOf)
    return { node, start, length: end - start }
  })
}

/**
 * Parses a CREATE FUNCTION … LANGUAGE plpgsql or a DO statement and gives libpg-query's tree of its body; line numbers in it count from the
 * body's first line.
 * @throws SyntaxFailure without an offset: the PL/pgSQL parser tells none.
 */
export function parsePlpgsql(text: string): unknown {
  refuseNul(text)
  try {
    return library().parsePlPgSQLSync(text)
  } catch (error) {
    throw asSyntaxFailure(error, text)
  }
}

interface RawStatement {
  readonly stmt?: Node
  readonly stmt_location?: number
  readonly stmt_len?: number
}

function parseTrees(text: string): readonly RawStatement[] {
  try {
    const result = library().parseSync(text) as unknown as {
      readonly stmts?: readonly RawStatement[]
    }
    return result.stmts ?? []
  } catch (error) {
    throw asSyntaxFailure(error, text)
  }
}

/** The parser reads C strings: without this it would end at the NUL and silently skip the rest. */
function refuseNul(text: string): void {
  const offset = text.indexOf('\0')
  if (offset >= 0) throw new SyntaxFailure('NUL character in the text', offset)
}

/** The parser counts an error's position in characters (code points), unlike the tree's bytes. */
function asSyntaxFailure(error: unknown, text: string): SyntaxFailure {
  if (library().hasSqlDetails(error)) {
    const characters = error.sqlDetails?.cursorPosition ?? 0
    return new SyntaxFailure(error.message, offsetOfCharacter(text, characters))
  }
  return new SyntaxFailure(error instanceof Error ? error.message : String(error), null)
}

function offsetOfCharacter(text: string, characters: number): number {
  let offset = 0
  for (let n = 0; n < characters && offset < text.length; n++) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1
  }
  return offset
}

/** Byte position in UTF-8 → UTF-16 offset, by one table for the whole text. */
function offsetsOfBytes(text: string): (byte: number) => number {
  const bytes = Buffer.byteLength(text)
  const table = new Uint32Array(bytes + 1)
  let byte = 0
  for (let offset = 0; offset < text.length; ) {
    const code = text.codePointAt(offset) ?? 0
    table[byte] = offset
    byte += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    offset += code > 0xffff ? 2 : 1
  }
  table[bytes] = text.length
  return (at) => table[at] ?? text.length
}

/** A stack of its own: a long chain of operators is nested deeper than functions may be. */
function convertPositions(tree: object, offsetOf: (byte: number) => number): void {
  const waiting: object[] = [tree]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const fields = next as Record<string, unknown>
    for (const name in fields) {
      const field = fields[name]
      if (typeof field === 'object' && field !== null) waiting.push(field)
      else if (typeof field === 'number' && field >= 0 && POSITIONS.has(name)) {
        fields[name] = offsetOf(field)
      }
    }
  }
}
