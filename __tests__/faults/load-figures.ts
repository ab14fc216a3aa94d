import type { Load, SlowQuery } from './load.ts'
import type { Sample, SampledWait } from './load-sampler.ts'

/** Whom an application's query waited for: our own waiting statement, a lock that we held, or anybody else. */
export type Behind = 'queued' | 'held' | 'other'

export interface Figures {
  readonly sessions: number
  readonly queries: number
  readonly failures: readonly string[]
  /** The longest that one query waited in all, in milliseconds. */
  readonly longestMs: Readonly<Record<Behind, number>>
  /** The longest query that was seen waiting for no lock: what this machine is slow by itself. */
  readonly ordinaryMs: number
}

/** Every lock wait of every slow query, by whom it was for. */
export function figuresOf(load: Load, samples: readonly Sample[]): Figures {
  const longestMs = { queued: 0, held: 0, other: 0 }
  let ordinaryMs = 0
  for (const query of load.slow) {
    const waited = waitsOf(query, samples)
    if (waited === null) ordinaryMs = Math.max(ordinaryMs, query.endedAt - query.startedAt)
    else
      for (const behind of ['queued', 'held', 'other'] as const) {
        longestMs[behind] = Math.max(longestMs[behind], waited[behind])
      }
  }
  const { sessions, queries, failures } = load
  return { sessions, queries, failures, longestMs, ordinaryMs }
}

/** Null where it was seen waiting for no lock. A wait ends with its query, or where it is no longer seen: the earlier of both. */
function waitsOf(query: SlowQuery, samples: readonly Sample[]): Record<Behind, number> | null {
  const total = { queued: 0, held: 0, other: 0 }
  let seen = false
  for (const [index, sample] of samples.entries()) {
    if (sample.at < query.startedAt || sample.at > query.endedAt) continue
    const wait = sample.waits.find(({ pid }) => pid === query.pid)
    if (wait === undefined) continue
    const earlier = samples[index - 1]?.waits.find(({ pid }) => pid === query.pid)
    const behind = behindWhom(wait, sample)
    // What was before the first look at a wait is charged to what it was seen to be.
    if (earlier?.since !== wait.since) total[behind] += sample.at - wait.since
    total[behind] += Math.min(samples[index + 1]?.at ?? query.endedAt, query.endedAt) - sample.at
    seen = true
  }
  return seen ? total : null
}

/** Who waits for one that waits for us waits for us. */
export function behindWhom(
  wait: SampledWait,
  sample: Sample,
  passed: readonly number[] = [],
): Behind {
  if (wait.blockers.some((pid) => sample.ours.includes(pid))) return wait.held ? 'held' : 'queued'
  for (const pid of wait.blockers) {
    const next = sample.waits.find((other) => other.pid === pid)
    if (next === undefined || passed.includes(pid)) continue
    const behind = behindWhom(next, sample, [...passed, wait.pid])
    if (behind !== 'other') return behind
  }
  return 'other'
}

/** 'longest wait behind a waiting statement 1.98 s (lock-timeout 2 s), …' */
export function figuresText(
  { longestMs, failures, queries, ordinaryMs }: Figures,
  durationMs: number,
  limits: Readonly<Partial<Record<Behind, string>>> = {},
): string {
  const limit = (behind: Behind) => (limits[behind] === undefined ? '' : ` (${limits[behind]})`)
  return [
    `${queries.toLocaleString('en')} queries`,
    `longest wait behind its waiting statement ${seconds(longestMs.queued)}${limit('queued')}`,
    `behind a lock that it held ${seconds(longestMs.held)}${limit('held')}`,
    `failed ${failures.length}`,
    `longest query without a lock wait ${seconds(ordinaryMs)}`,
    `the deployment took ${seconds(durationMs)}`,
  ].join(', ')
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`
