-- What the database is doing, before and after a deployment. Read-only; needs pg_monitor to see other users' queries.
-- `psql "$DATABASE_URL" -f docs/db/observability.sql`

-- Server and database
SELECT
  current_database() AS database,
  current_setting('server_version') AS version,
  pg_size_pretty(pg_database_size(current_database())) AS size,
  pg_is_in_recovery() AS is_replica;

-- Sizes, rows (as of the last ANALYZE) and dead rows of the largest tables
SELECT
  relid::regclass AS table_name,
  pg_size_pretty(pg_table_size(relid)) AS table_size,
  pg_size_pretty(pg_indexes_size(relid)) AS index_size,
  n_live_tup AS live_rows,
  n_dead_tup AS dead_rows,
  greatest(last_vacuum, last_autovacuum) AS last_vacuum,
  greatest(last_analyze, last_autoanalyze) AS last_analyze
FROM pg_stat_user_tables
ORDER BY pg_total_relation_size(relid) DESC
LIMIT 20;

-- Tables that are mostly read from end to end
SELECT
  relid::regclass AS table_name,
  seq_scan,
  seq_tup_read,
  idx_scan,
  round(100.0 * seq_scan / nullif(seq_scan + idx_scan, 0), 1) AS seq_scan_percent
FROM pg_stat_user_tables
WHERE seq_scan > 0
ORDER BY seq_tup_read DESC
LIMIT 20;

-- Use of each index, the unused ones first
SELECT
  indexrelid::regclass AS index_name,
  relid::regclass AS table_name,
  idx_scan,
  idx_tup_read,
  pg_size_pretty(pg_relation_size(indexrelid)) AS index_size
FROM pg_stat_user_indexes
ORDER BY idx_scan, pg_relation_size(indexrelid) DESC;

-- Indexes and constraints that are not valid
SELECT indexrelid::regclass::text AS name, indrelid::regclass AS table_name, 'index' AS kind
FROM pg_index
WHERE NOT indisvalid
UNION ALL
SELECT conname::text, conrelid::regclass, 'constraint'
FROM pg_constraint
WHERE NOT convalidated
ORDER BY 1;

-- Cache hits, conflicts, deadlocks and temporary files
SELECT
  numbackends AS sessions,
  xact_commit AS commits,
  xact_rollback AS rollbacks,
  round(100.0 * blks_hit / nullif(blks_hit + blks_read, 0), 2) AS cache_hit_percent,
  conflicts,
  deadlocks,
  temp_files,
  pg_size_pretty(temp_bytes) AS temp_size
FROM pg_stat_database
WHERE datname = current_database();

-- Sessions by state
SELECT coalesce(state, backend_type) AS state, count(*) AS sessions, max(clock_timestamp() - xact_start) AS oldest_transaction
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
GROUP BY 1
ORDER BY 2 DESC;

-- Queries that run for more than a minute
SELECT pid, application_name, clock_timestamp() - query_start AS duration, state, left(query, 100) AS query
FROM pg_stat_activity
WHERE state <> 'idle' AND pid <> pg_backend_pid() AND clock_timestamp() - query_start > interval '1 minute'
ORDER BY duration DESC;

-- Who waits for a lock, and for whom
SELECT
  a.pid,
  a.application_name,
  clock_timestamp() - a.query_start AS waiting,
  pg_blocking_pids(a.pid) AS blocked_by,
  left(a.query, 100) AS query
FROM pg_stat_activity AS a
WHERE a.wait_event_type = 'Lock'
ORDER BY waiting DESC;

-- Replicas and how far behind they are
SELECT application_name, state, sync_state, pg_wal_lsn_diff(sent_lsn, replay_lsn) AS bytes_behind, replay_lag
FROM pg_stat_replication;
