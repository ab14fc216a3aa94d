import type { Place, RefusalParts } from '../report/refusal.ts'
import { excerptAt, Refusal } from '../report/refusal.ts'
import { suggestion } from './nearest.ts'

/** A comment as the parser gives it: `text` is what follows `--`, exactly; `where` is the place of the `--`. */
export interface DirectiveComment {
  readonly text: string
  readonly where: Place
  readonly kind?: 'line' | 'block'
}

/** One `key`, `key=value` or `key="value"` of a directive. */
export interface Pair {
  readonly key: string
  /** Unquoted; null for a bare word. */
  readonly value: string | null
  readonly where: Place
  readonly valueWhere: Place
  /** The comment that holds it: pairs of one comment belong together. */
  readonly comment: DirectiveComment
}

/** Whether a comment is meant as a directive: `-- airlock: …`. */
export function isDirective(comment: { readonly text: string }): boolean {
  return /^\s*airlock:/i.test(comment.text)
}

/** The place `offset` UTF-16 units into a comment's text; columns count characters. */
export function placeIn(comment: DirectiveComment, offset: number): Place {
  const before = [...comment.text.slice(0, offset)].length
  return { ...comment.where, column: comment.where.column + '--'.length + before }
}

/** A refusal at a place; the excerpt is the source line, or the comment alone when no source is at hand. */
export function refusalAt(
  comment: DirectiveComment,
  where: Place,
  source: string | undefined,
  parts: Omit<RefusalParts, 'where' | 'excerpt'>,
): Refusal {
  const indent = ' '.repeat(comment.where.column - 1)
  const excerpt =
    source === undefined
      ? excerptAt(`${indent}--${comment.text}`, 1, where.column)
      : excerptAt(source, where.line, where.column)
  return new Refusal({ ...parts, where, excerpt })
}

/**
 * Splits `airlock: key=value key="a \"quoted\" value"` into its pairs, blanks between them.
 *
 * @throws Refusal at the character that doesn't fit.
 */
export function parsePairs(comment: DirectiveComment, source?: string): readonly Pair[] {
  const { text } = comment
  const refuse = (offset: number, what: string, fix: string): Refusal =>
    refusalAt(comment, placeIn(comment, offset), source, {
      what,
      why: 'A directive is `-- airlock:` and then key=value pairs with blanks between them.',
      fix,
    })
  if (comment.kind === 'block') {
    throw refuse(0, 'A directive stands in a block comment', 'Write it as a line: -- airlock: …')
  }
  const pairs: Pair[] = []
  let offset = text.indexOf(':') + 1
  for (;;) {
    offset += /^\s*/.exec(text.slice(offset))?.[0].length ?? 0
    if (offset >= text.length) break
    const keyAt = offset
    const key = /^[A-Za-z_][\w-]*/.exec(text.slice(keyAt))?.[0]
    if (key === undefined) {
      throw refuse(
        keyAt,
        `"${firstWord(text.slice(keyAt))}" is not a key`,
        'A value with blanks in it is written in double quotes: key="two words".',
      )
    }
    offset += key.length
    const valueAt = offset + 1
    let value: string | null = null
    if (text[offset] === '=') {
      const written = readValue(text.slice(valueAt))
      if (written === null) {
        throw refuse(
          valueAt,
          `The quoted value of ${key} has no end`,
          'Close it with a double quote.',
        )
      }
      value = written.value
      offset = valueAt + written.length
      if (value === '') throw refuse(valueAt, `${key} has no value`, `Write ${key}=value.`)
    }
    if (offset < text.length && !/\s/.test(text[offset] ?? '')) {
      throw refuse(
        offset,
        `After ${key} comes "${firstWord(text.slice(offset))}" without a blank before it`,
        'Part the pairs by blanks; write a quote inside a quoted value as \\".',
      )
    }
    pairs.push({
      key,
      value,
      where: placeIn(comment, keyAt),
      valueWhere: placeIn(comment, value === null ? keyAt : valueAt),
      comment,
    })
  }
  if (pairs.length === 0) {
    throw refuse(
      0,
      'The directive says nothing',
      'Write a key after `airlock:`, or remove the line.',
    )
  }
  return pairs
}

/** Refuses a key that isn't in the list, naming the nearest that is. */
export function unknownKey(pair: Pair, known: readonly string[], source?: string): Refusal {
  return refusalAt(pair.comment, pair.where, source, {
    what: `${pair.key} is not a directive`,
    why: 'A directive that is not understood would silently do nothing.',
    fix: suggestion(pair.key, known),
  })
}

function readValue(rest: string): { readonly value: string; readonly length: number } | null {
  if (!rest.startsWith('"')) {
    const bare = /^[^\s"]*/.exec(rest)?.[0] ?? ''
    return { value: bare, length: bare.length }
  }
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(rest)
  if (quoted === null) return null
  return { value: (quoted[1] ?? '').replace(/\\(["\\])/g, '$1'), length: quoted[0].length }
}

function firstWord(text: string): string {
  return /^\S+/.exec(text)?.[0] ?? text
}
