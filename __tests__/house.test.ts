import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const source = join(import.meta.dirname, '../../src')

/** Each may import from those after it; folders of one line don't know each other. */
const storeys: readonly (readonly string[])[] = [
  ['main.ts', 'cli.ts'],
  ['commands'],
  ['deploy'],
  ['checks'],
  ['backup'],
  ['verify'],
  ['observe'],
  ['journal'],
  ['plan'],
  ['sql'],
  ['runbook'],
  ['postgres', 'host'],
  ['report'],
]

/** They decide over plain data: nothing of the outside world, not even the clock. */
const pure = ['plan', 'sql', 'runbook', 'report']

/** Who alone may import what. */
const importers: readonly { readonly what: RegExp; readonly by: readonly string[] }[] = [
  { what: /^pg$|^pg-/, by: ['postgres'] },
  { what: /^@actions\//, by: ['host'] },
  { what: /^libpg-query$/, by: ['sql/parser.ts'] },
  // Types of the parse tree, no code.
  { what: /^@pgsql\/types$/, by: ['sql'] },
  { what: /^yaml$/, by: ['runbook'] },
  { what: /^(node:)?(fs|child_process)(\/|$)/, by: ['host', 'postgres'] },
]

interface Import {
  readonly from: string
  /** A file below src/, or a package's name. */
  readonly to: string
  readonly ours: boolean
  readonly typeOnly: boolean
}

const statement =
  /^(?:import|export)\s+(type\s+)?(?:(?:\w+|\*(?:\s+as\s+\w+)?|\{[^}]*\})(?:\s*,\s*\{[^}]*\})?\s+from\s+)?['"]([^'"]+)['"]/gm
const dynamic = /\bimport\(\s*['"]([^'"]+)['"]/g

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.split(sep).join('/'))
    .toSorted()
}

function importsOf(file: string, text: string): Import[] {
  const statics = [...text.matchAll(statement)].map(([, type, to]): [string, boolean] => [
    to ?? '',
    type !== undefined,
  ])
  const dynamics = [...text.matchAll(dynamic)].map(([, to]): [string, boolean] => [to ?? '', false])
  return [...statics, ...dynamics].map(([to, typeOnly]) => {
    const ours = to.startsWith('.')
    const path = relative(source, join(source, dirname(file), to))
      .split(sep)
      .join('/')
    return { from: file, to: ours ? path : to, ours, typeOnly }
  })
}

/** The code without comments and string literals. */
function codeOf(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g,
    (match) => (match.startsWith('/') ? '' : "''"),
  )
}

function isBelow(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`)
}

function storeyOf(path: string): number {
  return storeys.findIndex((places) => places.some((place) => isBelow(path, place)))
}

function folderOf(path: string): string {
  return path.split('/')[0] ?? path
}

function isPure(path: string): boolean {
  return pure.includes(folderOf(path))
}

const files = filesBelow(source)
const texts = new Map(files.map((file) => [file, readFileSync(join(source, file), 'utf8')]))
const imports = [...texts].flatMap(([file, text]) => importsOf(file, text))
const told = ({ from, to }: Import) => `${from} imports ${to}`

describe('the reader of imports', () => {
  test('finds every form', () => {
    const text = `import a from 'a'
import type { B } from './b.ts'
import {
  c,
  type D,
} from '../c/d.ts'
import * as e from 'e'
import f, { g } from 'f'
import './side-effect.ts'
export { h } from './h.ts'
export type { I } from './i.ts'
export * from './j.ts'
const k = await import('k')
`
    expect(importsOf('x/y.ts', text).map(({ to, typeOnly }) => [to, typeOnly])).toEqual([
      ['a', false],
      ['x/b.ts', true],
      ['c/d.ts', false],
      ['e', false],
      ['f', false],
      ['x/side-effect.ts', false],
      ['x/h.ts', false],
      ['x/i.ts', true],
      ['x/j.ts', false],
      ['k', false],
    ])
  })

  test('looks at code, not at comments and strings', () => {
    expect(codeOf("a() // console.log\n/* console.log */ b('console.log', `console.log`)")).toBe(
      "a() \n b('', '')",
    )
  })

  test('misses no import of the source', () => {
    const lines = [...texts.values()].flatMap(
      (text) => text.match(/^import\b|^export .* from '/gm) ?? [],
    )
    expect(imports.filter(({ from }) => files.includes(from)).length).toBeGreaterThanOrEqual(
      lines.length,
    )
    expect(lines.length).toBeGreaterThan(10)
  })
})

describe('the house', () => {
  test('every file has its storey', () => {
    expect(files.filter((file) => storeyOf(file) < 0)).toEqual([])
  })

  test('imports go one way only: down', () => {
    const wrong = imports.filter(
      ({ from, to, ours }) =>
        ours && folderOf(from) !== folderOf(to) && storeyOf(from) >= storeyOf(to),
    )
    expect(wrong.map(told)).toEqual([])
  })

  test('every import of ours names a file that exists, with .ts', () => {
    const wrong = imports.filter(
      ({ to, ours }) => ours && !(to.endsWith('.ts') && existsSync(join(source, to))),
    )
    expect(wrong.map(told)).toEqual([])
  })

  test('no file imports itself by way of others', () => {
    expect(circles()).toEqual([])
  })

  test('each outside world has one importer', () => {
    const wrong = imports.filter(({ from, to, ours }) =>
      importers.some(
        ({ what, by }) => !ours && what.test(to) && !by.some((place) => isBelow(from, place)),
      ),
    )
    expect(wrong.map(told)).toEqual([])
  })

  test('the pure parts import nothing of Node but its hashes, and no edge', () => {
    const wrong = imports.filter(
      ({ from, to, ours, typeOnly }) =>
        isPure(from) &&
        (ours
          ? !typeOnly && ['postgres', 'host'].includes(folderOf(to))
          : to.startsWith('node:') && to !== 'node:crypto'),
    )
    expect(wrong.map(told)).toEqual([])
  })

  test('the pure parts know no clock, no chance, no process, no timer', () => {
    const outside =
      /\b(Date\.now|Math\.random|performance\.now|setTimeout|setInterval|process\.\w+)|new Date\(\)/
    expect(
      files.filter((file) => isPure(file) && outside.test(codeOf(texts.get(file) ?? ''))),
    ).toEqual([])
  })

  test('only the host prints', () => {
    const prints = /\bconsole\.\w+|process\.std(out|err)\b/
    expect(
      files.filter(
        (file) => folderOf(file) !== 'host' && prints.test(codeOf(texts.get(file) ?? '')),
      ),
    ).toEqual([])
  })
})

/** Circles of imports, each as `a.ts → b.ts → a.ts`. */
function circles(): string[] {
  const next = new Map<string, string[]>()
  for (const { from, to, ours } of imports) {
    if (ours) next.set(from, [...(next.get(from) ?? []), to])
  }
  const found: string[] = []
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]) => {
    const seen = path.indexOf(file)
    if (seen >= 0) {
      found.push([...path.slice(seen), file].join(' → '))
      return
    }
    if (done.has(file)) return
    for (const each of next.get(file) ?? []) walk(each, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) walk(file, [])
  return found
}
