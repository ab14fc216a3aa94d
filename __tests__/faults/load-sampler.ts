import type { TestDatabase } from '../support/database.ts'

/** A backend that was seen waiting for a lock. Times in milliseconds since 1970, by the server's clock. */
export interface SampledWait {
  readonly pid: number
  /** When this wait began. */
  readonly since: number
  /** When it was seen. */
  readonly at: number
  readonly blockers: readonly number[]
  /** The deployment holds what it waits for; else it can only be queued for it itself. */
  readonly held: boolean
}

export interface Sample {
  readonly at: number
  readonly waits: readonly SampledWait[]
  /** Backends of the deployment. */
  readonly ours: readonly number[]
}

export const sampleEveryMs = 25

/** The locks that conflict with what the application's statements take: all but AccessExclusive let it read. */
const sampled = `
with locks as materialized (select * from pg_catalog.pg_locks),
  ours as materialized (select pid from pg_catalog.pg_stat_activity where datname = current_database() and application_name like $1)
select extract(epoch from clock_timestamp())::float8 * 1000 as at,
  coalesce((select json_agg(pid) from ours), '[]') as ours,
  coalesce((select json_agg(json_build_object('pid', l.pid, 'since', extract(epoch from coalesce(l.waitstart, clock_timestamp())) * 1000,
    'blockers', pg_catalog.pg_blocking_pids(l.pid),
    'held', exists (select from locks h where h.granted and h.pid in (select pid from ours)
      and (h.locktype, h.database, h.relation, h.page, h.tuple, h.transactionid, h.virtualxid)
        is not distinct from (l.locktype, l.database, l.relation, l.page, l.tuple, l.transactionid, l.virtualxid)
      and (h.mode = 'AccessExclusiveLock'
        or l.mode <> 'AccessShareLock' and h.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock')))))
    from locks l where not l.granted), '[]') as waits`

/** Looks at who waits for whom until it is stopped. `application` is a LIKE pattern: the sessions of the deployment. */
export async function startSampler(
  database: TestDatabase,
  application: string,
): Promise<{ stop(): Promise<readonly Sample[]> }> {
  const client = await database.connect('sampler')
  const samples: Sample[] = []
  let running = true
  const look = async () => {
    while (running) {
      const { rows } = await client.query({ name: 'sample', text: sampled, values: [application] })
      const { at, ours, waits } = rows[0] as Sample
      samples.push({ at, ours, waits: waits.map((wait) => ({ ...wait, at })) })
      await new Promise((resolve) => setTimeout(resolve, sampleEveryMs))
    }
  }
  const done = look()
  return {
    async stop() {
      running = false
      await done
      await client.end()
      return samples
    },
  }
}
