import { lockModes } from '../../plan/lock-modes.ts'
import type { Step, TableLock } from '../../plan/types.ts'
import { quoteIdentifier, quoteLiteral, quoteName } from '../../sql/identifier.ts'
import { parseSql } from '../../sql/parser.ts'
import { isolationLevel } from '../../sql/transaction-control.ts'
import type { GaveWay } from './retry.ts'

/**
 * The tables that this attempt of a transaction locks first: more of them after one that gave way to a lock, unless it had taken longer than
 * `blockTimeoutMs`: then locks that are held through all of it would keep the application waiting for too long. None where the file's BEGIN asks for one
 * snapshot for all of the transaction: the statement that locks would take it, and the file would not see what was committed while it waited.
 */
export function locksOfAttempt(
  { locksUpFront, begin }: Pick<Step, 'locksUpFront' | 'begin'>,
  gaveWay: GaveWay | null,
  blockTimeoutMs: number,
): readonly TableLock[] {
  if (locksUpFront === undefined || takesOneSnapshot(begin)) return []
  const soonOver = gaveWay !== null && gaveWay.attemptMs <= blockTimeoutMs
  return soonOver ? locksUpFront.retried : locksUpFront.first
}

/**
 * One statement that locks those of the tables that are there, under the session's role and search path. A table that refers to another of them
 * comes before it, as an INSERT locks them: the other way round, one that stands in the queue with the first of them would be the victim of a
 * deadlock as soon as we get ours (measured, under load). LOCK TABLE
 * knows neither IF EXISTS nor several modes, and a look at the catalog would be a round trip more. Partitions and children are left to the
 * statement that needs them: not every one does. Whom a role may not lock it can't change either, but what it may change is the file's
 * affair: without the privilege the step goes on, and locks as it goes. Where the session's own isolation level is a stricter one, its snapshot is
 * older than any lock, so nothing is locked.
 */
export function takeLocks(locks: readonly TableLock[]): string {
  const wanted = locks.map(
    (lock) => `(${resolved(lock)}, ${quoteLiteral(lock.mode)}, ${lockModes.indexOf(lock.mode)})`,
  )
  const body = `
declare
  target record;
begin
  if pg_catalog.current_setting('transaction_isolation') <> 'read committed' then
    return;
  end if;
  for target in
    with recursive locks as materialized (
      select distinct on (c.oid) c.oid, n.nspname, c.relname, wanted.mode
      from (values ${wanted.join(', ')}) as wanted (relation, mode, strength)
      join pg_catalog.pg_class c on c.oid = wanted.relation and c.relkind in ('r', 'p')
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      order by c.oid, wanted.strength desc
    ), reference as materialized (
      select conrelid as referring, confrelid as referred from pg_catalog.pg_constraint
      where contype = 'f' and conrelid in (select oid from locks) and confrelid in (select oid from locks)
    ), chain as (
      select referring, referred from reference
      union
      select chain.referring, reference.referred from chain join reference on reference.referring = chain.referred
    )
    select nspname, relname, mode from locks
    order by (select pg_catalog.count(*) from chain where referred = locks.oid and referring <> locks.oid), oid
  loop
    execute pg_catalog.format('lock table only %I.%I in %s mode', target.nspname, target.relname, target.mode);
  end loop;
exception
  when insufficient_privilege or undefined_table then
    null;
end`
  return `do ${quoteLiteral(body)}`
}

/** Its BEGIN names an isolation level under which all statements share the first one's snapshot. */
function takesOneSnapshot(begin: string | undefined): boolean {
  const node = begin === undefined ? undefined : parseSql(begin)[0]?.node
  const level = node === undefined ? null : isolationLevel(node)
  return level === 'repeatable read' || level === 'serializable'
}

/** The relation that a name means: on the session's search path, or on the one that the file has set for the statement. */
function resolved({ table, searchPath }: TableLock): string {
  const names =
    searchPath === undefined
      ? [quoteName(table)]
      : searchPath.map((schema) => `${quoteIdentifier(schema)}.${quoteIdentifier(table.name)}`)
  const relations = names.map((name) => `pg_catalog.to_regclass(${quoteLiteral(name)})`)
  return relations.length === 1 ? `${relations[0]}` : `coalesce(${relations.join(', ')})`
}
