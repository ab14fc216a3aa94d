import type { BlockedReport, BlockerReport, LocksReport, Report } from '../types.ts'
import { counted } from '../words.ts'
import { blocks, code, duration, prose, table, words } from './block.ts'
import type { Detail } from './detail.ts'

/** Who waited because of us, and who was in our way: said also when it was nobody, with how often somebody looked. */
export function locks(report: Report, detail: Detail): string {
  if (report.locks === null) return ''
  const { blocked, blockers, reason } = report.locks
  return blocks(
    `### Locks${headline(report.locks)}`,
    reason === undefined ? '' : `⚠️ ${prose(reason, detail)}`,
    blocked.length === 0
      ? nobody(report.locks)
      : blocks('Who waited because of us:', blockedTable(blocked, detail), seen(report.locks)),
    blockers.length === 0 ? '' : blocks('Who was in our way:', blockerTable(blockers, detail)),
  )
}

function headline({ blocked }: LocksReport): string {
  const longest = Math.max(0, ...blocked.map(({ longestMs }) => longestMs))
  return blocked.length === 0 ? '' : `: the application was seen waiting for ${duration(longest)}`
}

function nobody(report: LocksReport): string {
  if (report.looks > 0) {
    return `Nobody was seen waiting because of us: ${looks(report)}, while statements ran.`
  }
  return report.reason === undefined
    ? 'Nobody was seen waiting because of us: no statement ran long enough to be looked at.'
    : 'Whether anybody waited because of us is not known: nobody looked.'
}

function seen(report: LocksReport): string {
  return `_${looks(report)}, while statements ran: shorter waits may not have been seen._`
}

function looks({ looks, everyMs }: LocksReport): string {
  return `${counted(looks, 'look')}, about every ${duration(everyMs)}`
}

function blockedTable(blocked: readonly BlockedReport[], detail: Detail): string {
  const rows = blocked.map((one) => [
    applicationOf(one, detail),
    code(one.user, detail),
    duration(one.longestMs),
    String(one.sessions),
    one.behind === 'held' ? 'a lock that we held' : 'our waiting statement',
    code(one.query, detail),
    statementOf(one, detail),
  ])
  return table(
    [
      { title: 'application' },
      { title: 'user' },
      { title: 'longest wait', right: true },
      { title: 'sessions', right: true },
      { title: 'behind' },
      { title: 'its query' },
      { title: 'our statement' },
    ],
    rows,
    detail,
  )
}

function blockerTable(blockers: readonly BlockerReport[], detail: Detail): string {
  const acted = blockers.some(({ action }) => action !== undefined)
  const rows = blockers.map((one) => [
    one.pid === 0 ? '' : String(one.pid),
    applicationOf(one, detail),
    [code(one.user, detail), code(one.client, detail)].filter((text) => text !== '').join(' from '),
    words(one.state, detail),
    one.transactionAgeMs === null ? '_not visible_' : duration(one.transactionAgeMs),
    duration(one.waitedMs),
    code(one.query, detail),
    statementOf(one, detail),
    ...(acted ? [one.action === undefined ? '' : `**${one.action}**`] : []),
  ])
  return table(
    [
      { title: 'pid', right: true },
      { title: 'application' },
      { title: 'user' },
      { title: 'state' },
      { title: 'its transaction', right: true },
      { title: 'in our way', right: true },
      { title: 'its query' },
      { title: 'our statement' },
      ...(acted ? [{ title: 'what was done' }] : []),
    ],
    rows,
    detail,
  )
}

function applicationOf({ application }: { readonly application: string }, detail: Detail): string {
  return application === '' ? '_unnamed_' : code(application, detail)
}

function statementOf(
  { version, step, where }: Pick<BlockedReport, 'version' | 'step' | 'where'>,
  detail: Detail,
): string {
  return `${code(version, detail)} step ${step}, line ${where.line}`
}
