import type { Document, Node, Pair } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
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

/** Keys and places in lists on the way to a value: ['smoke', 'checks', 0, 'name']. */
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

/** One step down: the key (of a group) and the value, as nodes. */
interface Child {
  readonly key: unknown
  readonly value: unknown
}

/** The node at `steps`, what an alias stands for followed; undefined where nothing is. */
export function nodeAt(page: Page, steps: Steps): unknown {
  let node = followed(page, page.document.contents)
  for (const step of steps) node = followed(page, childOf(node, step)?.value)
  return node
}

function childOf(node: unknown, step: PropertyKey): Child | undefined {
  if (isSeq(node)) {
    const value = node.items[Number(step)]
    return value === undefined ? undefined : { key: value, value }
  }
  return isMap(node) ? node.items.find((pair) => isKey(pair, String(step))) : undefined
}

function followed(page: Page, node: unknown): unknown {
  return isAlias(node) ? node.resolve(page.document) : node
}

function isKey(pair: Pair<unknown, unknown>, key: string): boolean {
  return isScalar(pair.key) && String(pair.key.value) === key
}

/** Where a key of the group at `steps` stands; null where it isn't written. */
export function keyOffset(page: Page, steps: Steps, key: PropertyKey): number | null {
  return offsetOf(childOf(nodeAt(page, steps), key)?.key)
}

/** Where a value begins; for an empty one where its key does, for a missing one where the key of the group does that lacks it. */
export function valueOffset(page: Page, steps: Steps): number {
  if (steps.length === 0) return offsetOf(page.document.contents) ?? 0
  const last = steps.at(-1) ?? ''
  const child = childOf(nodeAt(page, steps.slice(0, -1)), last)
  if (child === undefined) return groupOffset(page, steps.slice(0, -1))
  const isEmpty = isScalar(child.value) && child.value.value === null
  return (isEmpty ? null : offsetOf(child.value)) ?? offsetOf(child.key) ?? 0
}

function groupOffset(page: Page, steps: Steps): number {
  const last = steps.at(-1)
  if (last === undefined) return offsetOf(page.document.contents) ?? 0
  return keyOffset(page, steps.slice(0, -1), last) ?? groupOffset(page, steps.slice(0, -1))
}

/** Where what stands at the steps ends. */
export function endOffset(page: Page, steps: Steps): number {
  const { range } = (nodeAt(page, steps) ?? {}) as Partial<Node>
  return range?.[1] ?? valueOffset(page, steps)
}

/** A scalar as it is written: a number keeps its zeros. */
export function writtenAt(page: Page, steps: Steps): string | null {
  const node = nodeAt(page, steps)
  return isScalar(node) && node.range != null
    ? page.source.slice(node.range[0], node.range[1])
    : null
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
