import { guardQuery, readFreeSpace, readRetainedWal } from '../../observe/disk.ts'
import type { Session } from '../../postgres/types.ts'
import type { DiskGuard } from '../../runbook/gates/locks.ts'
import { StepFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import { type DiskReading, judgeDisk } from './disk-guard.ts'
import { lookEveryMs } from './wait-tally.ts'
import type { Looker } from './watch.ts'

/** A query that is slow now has no place beside a migration. */
const queryTimeoutMs = 2_000

/** Beside a statement that may hold locks no look keeps the lock looker's waiting for longer than the time between two of those. */
const besideMs = lookEveryMs

interface Looks {
  /** Milliseconds since the epoch; looks of one statement count for the next. */
  lastAt: number
  told: boolean
  blindTold: boolean
}

/** By the section that a run was given, which lives as long as the run. */
const looksOf = new WeakMap<DiskGuard, Looks>()

/** Looks at the disk every `every` while statements run, and has the one that runs cancelled past a limit. */
export function diskLooker(run: Run): Looker[] {
  const guard = run.guards.disk
  if (guard === undefined) return []
  const looks = stateOf(guard)
  return [
    {
      nextMs: () => Math.max(0, looks.lastAt + guard.every - Date.now()),
      async look(observer) {
        const excess = judgeDisk(await readDisk(run, guard, observer, besideMs), guard)
        if (excess === null) return null
        const message = `Cancelled: ${lowerFirst(excess.message)}`
        return ({ where }) => new StepFailure({ ...excess, message, where })
      },
      blind(_, why) {
        if (looks.blindTold) return
        looks.blindTold = true
        run.warn(
          `A look at the disk failed, so it was not checked for a while (disk-guard): ${why}.`,
        )
      },
    },
  ]
}

/**
 * The same look while nothing runs: before a step begins, and between batches as often as `every` says.
 *
 * @throws StepFailure where a limit is passed already
 */
export async function holdsDisk(run: Run, when: 'now' | 'when-due' = 'now'): Promise<void> {
  const guard = run.guards.disk
  if (guard === undefined) return
  if (when === 'when-due' && Date.now() < stateOf(guard).lastAt + guard.every) return
  const excess = judgeDisk(await readDisk(run, guard, run.observer, queryTimeoutMs), guard)
  if (excess !== null) {
    const how = when === 'now' ? 'Not begun' : 'Stopped'
    throw new StepFailure({ ...excess, message: `${how}: ${lowerFirst(excess.message)}` })
  }
}

function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`
}

function stateOf(guard: DiskGuard): Looks {
  const known = looksOf.get(guard) ?? { lastAt: Date.now(), told: false, blindTold: false }
  looksOf.set(guard, known)
  return known
}

async function readDisk(
  run: Run,
  guard: DiskGuard,
  observer: Session,
  timeoutMs: number,
): Promise<DiskReading> {
  const looks = stateOf(guard)
  looks.lastAt = Date.now()
  const { query } = guard
  const slot = guard['retained-wal'] === undefined ? null : await readRetainedWal(observer)
  const free =
    query === undefined ? null : await readFreeSpace(observer, guardQuery(query), timeoutMs)
  if (free !== null && 'unknown' in free && !looks.told) {
    looks.told = true
    run.warn(`The free space of the disk is not checked: ${free.unknown} (disk-guard.query).`)
  }
  return { slot, free }
}
