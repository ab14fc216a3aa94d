import { durationText } from '../../report/duration-text.ts'
import { sizeText } from '../../report/size-text.ts'
import { counted } from '../../report/words.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import { defineCheck, type Finding, type Subject } from '../check.ts'
import { bounded } from '../details.ts'
import { readAllStats } from './hidden-sessions.ts'
import { standbyLocks } from './standby-locks.ts'

interface Standby {
  readonly pid: number
  readonly application: string
  /** A subscriber, or another reader of a logical slot: locks don't reach it. */
  readonly logical: boolean
  /** 'streaming', 'catchup', …; null: the role may not see it. */
  readonly state: string | null
  readonly lagMs: number | null
  readonly lagBytes: number | null
}

interface Slot {
  readonly name: string
  readonly type: 'physical' | 'logical'
  /** Of this database, or physical: it is ours to mind. Another database's only when it retains much. */
  readonly ours: boolean
  readonly active: boolean
  readonly retainedBytes: number | null
  /** 'reserved', 'extended', 'unreserved', 'lost'; null: it retains none. */
  readonly walStatus: string | null
}

interface Facts {
  readonly seesAll: boolean
  readonly standbys: readonly Standby[]
  readonly slots: readonly Slot[]
}

/**
 * Standbys that are behind by more than `replication-lag` or `retained-wal`, and replication slots that nobody reads or that hold back much WAL.
 * replay_lag is NULL on an idle standby that has caught up; then the distance in bytes decides. Slots are visible to every role, a
 * standby's state only with pg_read_all_stats.
 */
export const replication = defineCheck<Facts>({
  id: 'risk.replication',
  group: 'risk',
  title: 'replication lag and slots',
  severity: 'warn',
  needs: readAllStats,
  volatile: true,
  read: async ({ target }) => {
    const [facts] = await target.rows<Facts>(query)
    return facts ?? { seesAll: false, standbys: [], slots: [] }
  },
  judge(facts, subject) {
    const physical = facts.standbys.filter(({ logical, state }) => !logical && state !== 'backup')
    return [...behindOrStuck(facts, subject), ...standbyLocks(physical.map(nameOf), subject)]
  },
})

function behindOrStuck(
  { seesAll, standbys, slots }: Facts,
  { preflight, target }: Subject,
): readonly Finding[] {
  const lag = preflight['replication-lag'] ?? 0
  const wal = preflight['retained-wal']
  const late = standbys.filter(({ lagMs, lagBytes }) => (lagMs ?? 0) > lag || (lagBytes ?? 0) > wal)
  const stuck = slots.filter(
    (slot) =>
      (slot.ours && !slot.active) ||
      (slot.retainedBytes ?? 0) > wal ||
      slot.walStatus === 'unreserved' ||
      slot.walStatus === 'lost',
  )
  const expected = `standbys within ${durationText(lag)} and ${sizeText(wal)}, no slot that is inactive or retains more`
  const actual = `${counted(standbys.length, 'standby', 'standbys')}, ${late.length} behind; ${counted(slots.length, 'slot')}, ${stuck.length} inactive or retaining much`
  if (late.length + stuck.length > 0) {
    return [
      {
        outcome: 'problem',
        expected,
        actual,
        reason:
          'What a deployment writes is added to what has to be caught up; WAL that a slot retains fills the disk, and a standby that replays a strong lock cancels its readers.',
        fix: 'Let the standbys catch up; drop a slot that nobody needs: SELECT pg_drop_replication_slot(name). The thresholds are preflight.replication-lag and preflight.retained-wal.',
        details: bounded([...late.map(standbyLine), ...stuck.map(slotLine)]),
      },
    ]
  }
  const hidden = standbys.filter(({ state }) => state === null).length
  if (!seesAll && hidden > 0) return [hiddenStandbys(expected, hidden, target.user)]
  return [{ outcome: 'passed', expected, actual }]
}

const query = `
select pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') as "seesAll",
  coalesce((select pg_catalog.json_agg(s order by s."lagBytes" desc nulls last) from (
    select r.pid, coalesce(r.application_name, '') as application, r.state,
           exists (select from pg_catalog.pg_replication_slots o where o.active_pid = r.pid and o.slot_type = 'logical') as logical,
           pg_catalog.round(extract(epoch from r.replay_lag) * 1000)::pg_catalog.int8 as "lagMs",
           pg_catalog.pg_wal_lsn_diff(here.lsn, r.replay_lsn)::pg_catalog.int8 as "lagBytes"
    from pg_catalog.pg_stat_replication r) s), '[]'::pg_catalog.json) as standbys,
  coalesce((select pg_catalog.json_agg(s order by s."retainedBytes" desc nulls last) from (
    select l.slot_name as name, l.slot_type as type, l.active,
           l.database is null or l.database = pg_catalog.current_database() as ours,
           pg_catalog.pg_wal_lsn_diff(here.lsn, l.restart_lsn)::pg_catalog.int8 as "retainedBytes", l.wal_status as "walStatus"
    from pg_catalog.pg_replication_slots l where not l.temporary) s), '[]'::pg_catalog.json) as slots
from (select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
                  else pg_catalog.pg_current_wal_lsn() end as lsn) here`

function nameOf({ pid, application }: Standby): string {
  return application === '' ? `of pid ${pid}` : application
}

function standbyLine(standby: Standby): string {
  const { state, lagMs, lagBytes } = standby
  const behind = [
    ...(lagMs === null ? [] : [durationText(lagMs)]),
    ...(lagBytes === null ? [] : [sizeText(lagBytes)]),
  ]
  return `standby ${nameOf(standby)}, ${state ?? 'state not visible'}, behind by ${behind.join(' and ')}`
}

function slotLine({ name, type, active, retainedBytes, walStatus }: Slot): string {
  const retained = retainedBytes === null ? 'no WAL' : `${sizeText(retainedBytes)} of WAL`
  const status = walStatus === null ? '' : `, wal_status ${walStatus}`
  return `${type} slot ${name}, ${active ? 'active' : 'inactive'}, retains ${retained}${status}`
}

function hiddenStandbys(expected: string, hidden: number, user: string): Finding {
  return {
    outcome: 'not-checked',
    expected,
    actual: `${counted(hidden, 'standby', 'standbys')} of unknown state`,
    reason: 'without pg_read_all_stats the state and lag of standbys are hidden',
    fix: `GRANT pg_read_all_stats TO ${quoteIdentifier(user)};`,
  }
}
