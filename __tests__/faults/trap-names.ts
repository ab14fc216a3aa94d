/** A `[trap: id]` in a test's source. */
export interface TrapMark {
  readonly id: string
  /** What is called with the name: 'test', 'test.each', 'test.skip'; 'row' where it begins a row of a table; empty where it is neither. */
  readonly callee: string
}

const mark = /\[trap: ([^\]\n]*)\]/g

/** Every mark of a test's source, with what it is given to. The name is the call's first argument, a literal. */
export function trapMarks(source: string): TrapMark[] {
  return [...source.matchAll(mark)].map(({ 1: id = '', index }) => ({
    id,
    callee: calleeBefore(source, openingQuote(source, index)),
  }))
}

/** The place of the quote that opens the literal in which `at` stands; -1 where there is none in its line, or, for a template, before it. */
function openingQuote(source: string, at: number): number {
  const line = source.lastIndexOf('\n', at) + 1
  const before = source.slice(line, at)
  const found = /(?<!\\)(['"`])(?:\\.|(?!\1).)*$/.exec(before)
  return found === null ? -1 : line + found.index
}

/** 'test' of `test('…'`, 'test.each' of `test.each([…])('…'`, and of `test.each<T>([…])(\n  '…'`. */
function calleeBefore(source: string, quote: number): string {
  if (quote < 0) return ''
  // A bracket within a string closes and opens nothing.
  let rest = source
    .slice(0, quote)
    .replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''")
    .trimEnd()
  if (rest.endsWith('[')) return 'row'
  if (!rest.endsWith('(')) return ''
  rest = rest.slice(0, -1).trimEnd()
  if (rest.endsWith(')')) rest = rest.slice(0, openingOf(rest)).trimEnd()
  return /[\w.]+$/.exec(rest.replace(/(?<=\.each)<[^;]*>$/, ''))?.[0] ?? ''
}

/** The place of the bracket that the last one closes. */
function openingOf(text: string): number {
  let depth = 0
  for (let place = text.length - 1; place >= 0; place -= 1) {
    if (text[place] === ')') depth += 1
    if (text[place] === '(') depth -= 1
    if (depth === 0) return place
  }
  return 0
}

/**
 * What is wrong with the marks of all test sources (by file): each a sentence; none when every trap has a test that runs wherever the tests
 * run. A row of a table, a call of something else that names a test, and a group that is left out where a program is missing, may carry a mark too, but prove nothing here.
 */
export function wrongMarks(
  traps: readonly string[],
  sources: Readonly<Record<string, string>>,
): string[] {
  const marks = Object.entries(sources).flatMap(([file, source]) => {
    const group = groupsOf(source)
    return trapMarks(source).map((one) => ({ ...one, file, group }))
  })
  const proven = new Set(
    marks.filter(({ callee, group }) => runs.test(callee) && group === 'run').map(({ id }) => id),
  )
  return [
    ...traps.filter((id) => !proven.has(id)).map((id) => `${id} has no test that runs`),
    ...marks
      .filter(({ id }) => !traps.includes(id))
      .map(({ file, id }) => `${file}: ${id} is no trap of the table`),
    ...marks
      .filter(({ callee }) => runsNot.test(callee))
      .map(({ file, id, callee }) => `${file}: ${id} is given to ${callee || 'no test'}`),
    ...marks
      .filter(({ group }) => group === 'are skipped')
      .map(({ file, id }) => `${file}: ${id} is in a file with tests that are skipped`),
  ]
}

const runs = /^test(\.concurrent)?(\.each)?$/
const runsNot = /^$|^(describe|x\w+)\b|\.(skip|todo|failing|only)\b/

/** Whether the groups of a source run, all of them; `describe.skip` as one side of a choice leaves them out where something is missing. */
function groupsOf(source: string): 'run' | 'may be skipped' | 'are skipped' {
  const maybe = /[?:]\s*describe(\.each)?\.skip\b/g
  const always =
    /\b(describe(\.each)?\.skip|xdescribe|fdescribe|(test|it|describe)(\.each)?\.only)\b/
  if (always.test(source.replace(maybe, ''))) return 'are skipped'
  return maybe.test(source) ? 'may be skipped' : 'run'
}
