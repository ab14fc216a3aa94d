import { sizeText } from '../report/size-text.ts'
import { grouped } from '../report/words.ts'
import { fractionOfBuild } from './build-progress.ts'
import type { BuildRow, OtherRow, Seen } from './progress.ts'

/** How far a statement is, after a look. */
export interface Followed {
  /** 'building index: scanning table, 43 %'; null where the server shows nothing. */
  readonly text: string | null
  /** 'about 2min left'; null where no figure would mean anything. */
  readonly left: string | null
  /** The highest share of the whole that was seen, 0 to 1, for each index that is built. */
  readonly fractions: ReadonlyMap<string, number>
  /** Milliseconds in which it was working, not waiting for others. */
  readonly activeMs: number
  readonly elapsedMs: number
}

export const notStarted: Followed = {
  text: null,
  left: null,
  fractions: new Map(),
  activeMs: 0,
  elapsedMs: 0,
}

export interface Expected {
  /** REINDEX of a table or more: nobody knows yet how many indexes will follow, so each is told by itself. */
  readonly severalIndexes: boolean
  /** Bytes of the data that we send to a COPY ourselves; 0: none. */
  readonly copyBytes: number
}

/** Below this share the speed so far says nothing. */
const meaningful = 0.05

/**
 * One look after another: the share never falls, and reaches 100 % only with the statement's end. The time left is what the share done so far took, scaled up;
 * there is none below 5 %, while it waits for others, or where the whole is not known.
 */
export function follow(
  before: Followed,
  { row, index, locker, runsForMs: elapsedMs }: Seen,
  { severalIndexes, copyBytes }: Expected,
): Followed {
  const waiting = row?.view === 'create_index' && row.phase.startsWith('waiting for')
  const activeMs = before.activeMs + (waiting ? 0 : elapsedMs - before.elapsedMs)
  const base = { ...before, left: null, activeMs, elapsedMs }
  if (row === null) return { ...base, text: null }
  if (row.view !== 'create_index') return { ...base, text: otherText(row, copyBytes) }
  const key = severalIndexes ? String(row.index_relid) : ''
  const fraction = Math.max(before.fractions.get(key) ?? 0, fractionOfBuild(row) ?? 0)
  const fractions = new Map(before.fractions).set(key, fraction)
  const percent = `${Math.min(99, Math.floor(fraction * 100))} %`
  const share = severalIndexes && index !== '' ? `${percent} of ${index}` : percent
  const timed = !waiting && !severalIndexes && fraction >= meaningful && fraction < 1
  return {
    ...base,
    fractions,
    text: `${waiting ? waitingText(row, locker) : row.phase}${partitionText(row)}, ${share}`,
    left: timed ? leftText((activeMs * (1 - fraction)) / fraction) : null,
  }
}

function waitingText(row: BuildRow, locker: string): string {
  const { phase, lockers_done: done, lockers_total: total, current_locker_pid: pid } = row
  const count = total > 0 ? `: ${done} of ${total} done` : ''
  const now = pid > 0 ? `, now for pid ${pid}${locker === '' ? '' : ` ${locker}`}` : ''
  return `${phase}${count}${now}`
}

function partitionText({ partitions_done: done, partitions_total: total }: BuildRow): string {
  return total > 0 ? `, partition ${Math.min(done + 1, total)} of ${total}` : ''
}

/** As coarse as the estimate is: 5 seconds below a minute and a half, then minutes. */
function leftText(ms: number): string {
  const seconds = Math.max(5, Math.ceil(ms / 5_000) * 5)
  if (seconds < 90) return `about ${seconds}s left`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `about ${minutes}min left`
  return `about ${Math.round(minutes / 60)}h left`
}

function otherText(row: OtherRow, copyBytes: number): string {
  const count = (column: string) => Number(row[column] ?? 0)
  const slept =
    count('delay_time') >= 1_000
      ? `, ${Math.round(count('delay_time') / 1000)} s of it slept by cost delay`
      : ''
  switch (row.view) {
    case 'copy': {
      const total = count('bytes_total') || copyBytes
      const share = partOf(count('bytes_processed'), total)
      return `${grouped(count('tuples_processed'))} rows so far${share === null ? '' : `, ${share} of ${sizeText(total)}`}`
    }
    case 'vacuum':
      return `vacuum: ${phaseOf(row, vacuumCounts(count))}${slept}`
    case 'analyze': {
      const share = partOf(count('sample_blks_scanned'), count('sample_blks_total'))
      const sampling = row.phase?.startsWith('acquiring') === true
      return `analyze: ${phaseOf(row, { [row.phase ?? '']: sampling && share !== null ? `${share} of the sample` : '' })}${slept}`
    }
    case 'cluster':
      return `rewriting the table: ${phaseOf(row, rewriteCounts(count))}`
  }
}

type Count = (column: string) => number

function phaseOf(row: OtherRow, told: Readonly<Record<string, string | null>>): string {
  const phase = row.phase ?? ''
  const more = told[phase] ?? ''
  return more === '' ? phase : `${phase}, ${more}`
}

function vacuumCounts(count: Count): Readonly<Record<string, string | null>> {
  const pages = count('heap_blks_total')
  // 17 and later tell the indexes too.
  const indexes = count('indexes_total')
  const ofTable = (share: string | null) => (share === null ? null : `${share} of the table`)
  return {
    'scanning heap': ofTable(partOf(count('heap_blks_scanned'), pages)),
    'vacuuming heap': ofTable(partOf(count('heap_blks_vacuumed'), pages)),
    'vacuuming indexes':
      indexes > 0 ? `${count('indexes_processed')} of ${indexes} indexes done` : null,
    'cleaning up indexes':
      indexes > 0 ? `${count('indexes_processed')} of ${indexes} indexes done` : null,
  }
}

function rewriteCounts(count: Count): Readonly<Record<string, string | null>> {
  const share = partOf(count('heap_blks_scanned'), count('heap_blks_total'))
  const rows = `${grouped(count('heap_tuples_scanned'))} rows read`
  return {
    'seq scanning heap': share === null ? rows : `${share} of the table read`,
    'index scanning heap': rows,
    'writing new heap': `${grouped(count('heap_tuples_written'))} rows written`,
    'rebuilding index': `${count('index_rebuild_count')} indexes done`,
  }
}

function partOf(done: number, total: number): string | null {
  return total > 0 ? `${Math.min(99, Math.floor((done / total) * 100))} %` : null
}
