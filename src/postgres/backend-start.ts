/**
 * SQL for when a backend started, as text to the microsecond: the same in every session, whatever its DateStyle and TimeZone are, and castable back.
 * `from`: the alias of pg_stat_activity.
 */
export function backendStartText(from = 'pg_stat_activity'): string {
  return `pg_catalog.to_char(${from}.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}
