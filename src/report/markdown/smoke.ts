import { scoreOf } from '../tally.ts'
import type { Report, SmokeResult } from '../types.ts'
import { grouped } from '../words.ts'
import { blocks, code, duration, folded, foundCell, prose, sign, table, words } from './block.ts'
import type { Detail } from './detail.ts'

/** More results than this: what did not pass and the last word of each test stay in view. */
const inView = 8

/** Whether the application works: before, after each migration, at the end. */
export function smoke(report: Report, detail: Detail): string {
  const all = report.smoke
  if (all.length === 0) return ''
  const heading = `### Smoke tests: ${scoreOf(all)}`
  if (all.length <= inView) return blocks(heading, smokeTable(all, detail))
  const last = new Set(new Map(all.map((one) => [one.name, one])).values())
  const shown = all.filter((one) => one.outcome !== 'passed' || last.has(one))
  return blocks(
    heading,
    smokeTable(shown, detail),
    folded(
      `All ${grouped(all.length)} results, before, after each migration and at the end`,
      detail.name === 'counts' || shown.length === all.length ? '' : smokeTable(all, detail),
    ),
  )
}

/** One row a series of attempts; its reason stands below the name. */
export function smokeTable(results: readonly SmokeResult[], detail: Detail): string {
  const columns = [
    { title: '' },
    { title: 'smoke test' },
    { title: 'when' },
    { title: 'expected' },
    { title: 'found' },
    { title: 'attempts', right: true },
    { title: 'latency', right: true },
  ]
  return table(
    columns,
    results.map((one) => row(one, detail)),
    detail,
  )
}

function row(one: SmokeResult, detail: Detail): string[] {
  const name = words(one.name, detail)
  const reason = one.reason === undefined ? '' : `<br>${prose(one.reason, detail)}`
  const unanswered =
    one.connectionErrors === 0 ? '' : `<br>${grouped(one.connectionErrors)}&nbsp;unanswered`
  return [
    sign(one.outcome),
    `${one.outcome === 'passed' ? name : `**${name}**`}${reason}`,
    when(one, detail),
    code(one.expected, detail),
    foundCell(one.outcome, one.actual, detail),
    `${grouped(one.attempts)}${unanswered}`,
    one.attempts === 0 ? '' : duration(one.latencyMs),
  ]
}

function when(one: SmokeResult, detail: Detail): string {
  if (one.when === 'before') return 'before'
  return one.when === 'end' ? 'at the end' : `after<br>${code(one.version ?? '', detail)}`
}
