import { scoreOf, shutGatesOf } from '../tally.ts'
import type { CheckOutcome, CheckReport, Report } from '../types.ts'
import { counted, grouped } from '../words.ts'
import {
  blocks,
  code,
  evidenceOf,
  folded,
  foundCell,
  leftOut,
  place,
  prose,
  sign,
  table,
  words,
} from './block.ts'
import type { Detail } from './detail.ts'

/** More checks than this, and those that passed are folded. */
const inView = 8

/** What keeps the run from starting: the whole table moves to the top of the page. */
export function shutGates(report: Report, detail: Detail): string {
  return shutGatesOf(report).length > 0 ? gates(report.checks, detail) : ''
}

/** The preflight checks, where the runbook has them. */
export function checks(report: Report, detail: Detail): string {
  return shutGatesOf(report).length > 0 ? '' : gates(report.checks, detail)
}

function gates(all: readonly CheckReport[], detail: Detail): string {
  if (all.length === 0) return ''
  const passed = all.filter(({ outcome }) => outcome === 'passed')
  const order: readonly CheckOutcome[] = ['failed', 'warned', 'not-checked']
  const others = order.flatMap((outcome) => all.filter((one) => one.outcome === outcome))
  const whole = all.length <= inView
  const shared = sharedFixes(others)
  return blocks(
    `### Preflight checks: ${scoreOf(all)}`,
    checkTable(whole ? [...others, ...passed] : others, shared, detail),
    sharedList(shared, detail),
    ...others.slice(0, detail.rows).map((one) => evidenceOf(one, detail)),
    whole || passed.length === 0 ? '' : folded(passedTitle(passed), passedTable(passed, detail)),
  )
}

/** Reason and cure stand below the title, so that each problem is read in one place. */
function checkTable(
  found: readonly CheckReport[],
  shared: ReadonlyMap<string, number>,
  detail: Detail,
): string {
  return table(
    ['', 'check', 'expected', 'found'].map((title) => ({ title })),
    found.map((one) => [
      sign(one.outcome),
      about(one, shared, detail),
      code(one.expected, detail),
      foundCell(one.outcome, one.actual, detail),
    ]),
    detail,
  )
}

function about(one: CheckReport, shared: ReadonlyMap<string, number>, detail: Detail): string {
  const title = words(one.title, detail)
  const isShared = one.outcome === 'not-checked' && shared.has(one.fix ?? '')
  const fix = isShared ? '' : prose(one.fix ?? '', detail)
  return [
    one.outcome === 'passed' ? title : `**${title}**`,
    prose(one.reason ?? '', detail),
    fix === ''
      ? ''
      : `**${one.outcome === 'not-checked' ? 'To have it checked' : 'What to do'}:** ${fix}`,
    place(one.where),
  ]
    .filter((line) => line !== '')
    .join('<br>')
}

/** One GRANT often allows many checks: it is said once, with how many. */
function sharedFixes(found: readonly CheckReport[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { outcome, fix } of found) {
    if (outcome === 'not-checked' && fix !== undefined) counts.set(fix, (counts.get(fix) ?? 0) + 1)
  }
  return new Map([...counts].filter(([, count]) => count > 1))
}

function sharedList(shared: ReadonlyMap<string, number>, detail: Detail): string {
  const lines = [...shared]
    .toSorted(([, one], [, other]) => other - one)
    .map(([fix, count]) => `- ${prose(fix, detail)} (allows ${counted(count, 'check')})`)
  if (lines.length === 0) return ''
  return blocks(
    'To have checked what was not:',
    lines.slice(0, detail.rows).join('\n'),
    leftOut(lines.length - detail.rows, 'line'),
  )
}

/** `27 passed: 6 server, 3 extensions`. */
function passedTitle(passed: readonly CheckReport[]): string {
  const groups = new Map<string, number>()
  for (const { group } of passed) groups.set(group, (groups.get(group) ?? 0) + 1)
  const parts = [...groups].map(([group, count]) => `${group} ${grouped(count)}`)
  return `✅ ${grouped(passed.length)} passed: ${parts.join(', ')}`
}

function passedTable(passed: readonly CheckReport[], detail: Detail): string {
  return table(
    ['', 'group', 'check', 'expected', 'found'].map((title) => ({ title })),
    passed.map((one) => [
      sign(one.outcome),
      one.group,
      words(one.title, detail),
      code(one.expected, detail),
      code(one.actual, detail),
    ]),
    detail,
  )
}
