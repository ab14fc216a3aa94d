import type { FreeSpace, RetainingSlot } from '../../observe/disk.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import { sizeText } from '../../report/size-text.ts'
import type { ErrorReport } from '../../report/types.ts'
import type { DiskGuard } from '../../runbook/gates/locks.ts'

/** What one look at the disk found; null: that limit is not set, or no slot keeps any WAL. */
export interface DiskReading {
  readonly slot: RetainingSlot | null
  readonly free: FreeSpace | null
}

type Excess = Pick<ErrorReport, 'message' | 'sqlstate' | 'detail' | 'why' | 'fix'>

/**
 * Why a limit of the section `disk-guard` is passed, as an error; null while all that is known is within the limits. Its SQLSTATE is disk_full: it
 * doesn't pass by itself, so nothing is tried again.
 */
export function judgeDisk({ slot, free }: DiskReading, guard: DiskGuard): Excess | null {
  const retained = guard['retained-wal']
  if (retained !== undefined && slot !== null && slot.retainedBytes > retained) {
    return {
      message: `Replication slot ${slot.name} retains ${sizeText(slot.retainedBytes)} of WAL, more than disk-guard.retained-wal (${sizeText(retained)})`,
      sqlstate: sqlstate.diskFull,
      detail: slotText(slot),
      why: 'WAL that a slot retains is not removed; a build or a rewrite goes on writing it until the disk is full, and a full disk stops the server.',
      fix: 'Let the slot’s reader catch up, or drop a slot that nobody needs: SELECT pg_drop_replication_slot(name); then deploy again.',
    }
  }
  const least = guard['free-space']
  if (least !== undefined && free !== null && 'bytes' in free && free.bytes < least) {
    return {
      message: `The disk has ${sizeText(free.bytes)} free, less than disk-guard.free-space (${sizeText(least)})`,
      sqlstate: sqlstate.diskFull,
      why: 'A build or a rewrite goes on writing until the disk is full, and a full disk stops the server.',
      fix: 'Make room, or correct disk-guard.free-space; then deploy again.',
    }
  }
  return null
}

function slotText({ type, active, walStatus, safeBytes }: RetainingSlot): string {
  const safe = safeBytes === null ? '' : `, lost after another ${sizeText(safeBytes)}`
  const status = walStatus === '' ? '' : `, wal_status ${walStatus}`
  return `${type} slot, ${active ? 'active' : 'inactive'}${status}${safe}`
}
