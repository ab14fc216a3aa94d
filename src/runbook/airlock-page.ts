import type { Document, Node, Pair } from 'yaml'
import { isAlias, isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import type { Place } from '../report/refusal.ts'
import { Refusal } from '../report/refusal.ts'
import { withoutPasswords } from './secrets.ts'

/** airlock.yml as parsed YAML, with what it takes to point into it. */
export interface Page {
  readonly path: string
  readonly source: string
  readonly lines: LineCounter
  readonly document: Document.Parsed
}

/** Keys on the way to a value: ['targets', 'staging']. */
export type Steps = readonly PropertyKey[]

/** @throws Refusal when it isn't YAML */
export function readPage(path: string, source: string): Page {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false })
  const page: Page = { path, source, lines, document }
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem === undefined) return page
  throw refuseAt(page, problem.pos[0], {
    what: `${path} is not valid YAML: ${firstSentence(problem.message)}`,
    why: 'Nothing in the file can be relied on before it parses.',
    fix: 'Correct the line; keys are indented by blanks and each stands once.',
  })
}

/** The keys with their values in the group at `steps`; what an alias stands for is followed. */
export function pairsAt(page: Page, steps: Steps): readonly Pair<unknown, unknown>[] {
  let node = followed(page, page.document.contents)
  for (const step of steps) {
    const pair = pairsOf(node).find((each) => isKey(each, String(step)))
    node = followed(page, pair?.value)
  }
  return pairsOf(node)
}

function pairsOf(node: unknown): readonly Pair<unknown, unknown>[] {
  return isMap(node) ? node.items : []
}

function followed(page: Page, node: unknown): unknown {
  return isAlias(node) ? node.resolve(page.document) : node
}

function isKey(pair: Pair<unknown, unknown>, key: string): boolean {
  return isScalar(pair.key) && String(pair.key.value) === key
}

export function keyOffset(page: Page, steps: Steps, key: string): number | null {
  const pair = pairsAt(page, steps).find((each) => isKey(each, key))
  return pair === undefined ? null : offsetOf(pair.key)
}

/** Where a value begins; for a missing one where its key does. */
export function valueOffset(page: Page, steps: Steps): number {
  if (steps.length === 0) return offsetOf(page.document.contents) ?? 0
  const name = String(steps.at(-1))
  const pair = pairsAt(page, steps.slice(0, -1)).find((each) => isKey(each, name))
  const isEmpty = isScalar(pair?.value) && pair.value.value === null
  return (isEmpty ? null : offsetOf(pair?.value)) ?? offsetOf(pair?.key) ?? 0
}

export function offsetOf(node: unknown): number | null {
  const range = (node as Node | null | undefined)?.range
  return range?.[0] ?? null
}

export function placeAt(
  page: Page,
  offset: number,
): { readonly where: Place; readonly excerpt: string } {
  const { line } = page.lines.linePos(offset)
  const start = page.lines.lineStarts[line - 1] ?? 0
  const column = [...page.source.slice(start, offset)].length + 1
  const text = /^[^\r\n]*/.exec(page.source.slice(start))?.[0] ?? ''
  const indent = text.slice(0, offset - start).replace(/[^\t]/gu, ' ')
  return {
    where: { file: page.path, line, column },
    excerpt: `${withoutPasswords(text)}\n${indent}^`,
  }
}

export function refuseAt(
  page: Page,
  offset: number,
  parts: { readonly what: string; readonly why: string; readonly fix: string },
): Refusal {
  return new Refusal({ ...parts, ...placeAt(page, offset) })
}

function firstSentence(message: string): string {
  return withoutPasswords(message.split('\n')[0] ?? message).replace(/[.:]$/, '')
}

/** The file as plain data. */
export function plainData(page: Page): unknown {
  try {
    return page.document.toJS() ?? {}
  } catch (error) {
    throw refuseAt(page, 0, {
      what: `${page.path} can't be read: ${firstSentence(error instanceof Error ? error.message : String(error))}`,
      why: 'Aliases are followed only so far, since a few of them can stand for very much.',
      fix: 'Write the values out instead of using aliases (*name).',
    })
  }
}
