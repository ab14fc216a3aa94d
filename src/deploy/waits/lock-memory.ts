import type { BlockedReport, BlockerReport, LocksReport } from '../../report/types.ts'
import { formatDuration } from '../../runbook/duration.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import { lookEveryMs } from './wait-tally.ts'

export type Mutable<Data> = { -readonly [Key in keyof Data]: Data[Key] }

/** The report keeps so many of each, those of the longest waits. */
const kept = 100

/** All that is remembered of who was in whose way. */
export interface Memory {
  readonly blockers: Map<string, Mutable<BlockerReport>>
  readonly blocked: Map<string, { entry: Mutable<BlockedReport>; pids: Set<string>; told: boolean }>
  readonly said: Set<string>
  readonly asked: Set<string>
  forgotten: number
  looks: number
  blindMs: number
  blindWhy: string
  blindRole: string | null
}

/** What the report says of it, the longest waits first. */
export function asReport(memory: Memory): LocksReport {
  const blockers = [...memory.blockers.values()].sort((a, b) => b.waitedMs - a.waitedMs)
  const blocked = [...memory.blocked.values()]
    .map(({ entry }) => entry)
    .sort((a, b) => b.longestMs - a.longestMs)
  const unkept = Math.max(0, blockers.length - kept) + Math.max(0, blocked.length - kept)
  const reason = reasonOf(memory, unkept + memory.forgotten)
  return {
    blockers: blockers.slice(0, kept).map((entry) => ({ ...entry })),
    blocked: blocked.slice(0, kept).map((entry) => ({ ...entry })),
    looks: memory.looks,
    everyMs: lookEveryMs,
    ...(reason === '' ? {} : { reason }),
  }
}

function reasonOf({ blindMs, blindWhy, blindRole }: Memory, leftOut: number): string {
  return [
    blindMs === 0 ? '' : `Nobody looked for ${formatDuration(blindMs)} in all: ${blindWhy}.`,
    blindRole === null
      ? ''
      : `What other sessions do was not visible: \`GRANT pg_read_all_stats TO ${quoteIdentifier(blindRole)}\`.`,
    leftOut === 0 ? '' : `${leftOut} more are left out here.`,
  ]
    .filter((text) => text !== '')
    .join(' ')
}
