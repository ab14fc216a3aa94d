/**
 * What other tools that run migrations fell into, each found in their sources, in their issues, or measured on a server: an id, and what goes
 * wrong. A test that proves that we don't carries the id in its name, as `[trap: queue-behind-dump]`.
 */
export const traps = {
  'lock-timeout-cuts-concurrent-build':
    'One short lock_timeout for everything also ends CREATE INDEX CONCURRENTLY while it waits for an old snapshot, and an INVALID index is left.',
  'if-not-exists-over-invalid':
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS over an INVALID leftover ends well, and the index stays INVALID.',
  'invalid-may-be-a-live-build':
    'An INVALID index may be what another session is building right now: who drops it destroys its work.',
  'second-runner-breaks-build':
    'A runner that waits inside pg_advisory_lock holds a snapshot, and the concurrent build of the first waits for it.',
  'keeper-blocks-build':
    "The session that holds the run's lock holds a snapshot, or runs queries, and every concurrent build waits for it.",
  'keeper-timed-out':
    "The session that holds the run's lock is idle by design: a limit for idle transactions ends it, and the lock is gone.",
  'session-lock-behind-pooler':
    'A session advisory lock taken through a transaction pooler stays with a server connection that nobody comes back to.',
  'validate-in-one-transaction':
    'NOT VALID and VALIDATE in one transaction keep the strong lock of the first through the scan of the second.',
  'retry-by-message':
    'What may be tried again is told by the text of the message, which another lc_messages translates.',
  'unbounded-retries': 'A lock wait is tried again for ever.',
  'last-attempt-without-timeout':
    'When the attempts are used up, a last one without a timeout queues the whole application behind it.',
  'queue-behind-dump':
    'A long reader holds ACCESS SHARE, an ALTER queues behind it, and every reader queues behind the ALTER.',
  'blocker-unnamed':
    'A lock wait fails, and nothing says who was in the way and who waited for us.',
  'holding-a-while-waiting-for-b':
    'A transaction holds one table while it waits for another, for as long as that takes.',
  'one-message-many-concurrent':
    'Several statements in one message are one transaction: CONCURRENTLY fails in it with 25001.',
  'implicit-concurrently':
    'Who looks for the word CONCURRENTLY misses VACUUM, ALTER SYSTEM, CREATE DATABASE and others that allow no transaction.',
  'statements-moved-to-the-end':
    'Statements that allow no transaction are moved to the end of the file, which then means something else.',
  'one-mode-for-every-file':
    'One transaction for each file, none for any, or the whole file as one message: each of them breaks files that the others run.',
  'split-on-semicolon':
    'A script is cut at every semicolon, also inside dollar quotes, BEGIN ATOMIC bodies and the rows of a COPY.',
  'restrict-lines-of-pg-dump':
    'Newer minor versions of pg_dump write \\restrict lines, which only psql understands.',
  'dry-run-that-writes': 'A dry run writes to the database, or needs a role that could.',
  'search-path-leak':
    'SET search_path of one file holds for the next, whose tables land in another schema without an error.',
  'begin-without-commit':
    'A file ends with its BEGIN open: the work is lost, and the exit status is 0.',
  'nobody-ran-the-rollback':
    'A rollback script that nobody has ever run does not parse, or does not bring back what was there.',
  'killed-runner-leaves-backend':
    "A killed runner's backend works on, because the server does not look whether anybody is still there.",
  'dirty-flag':
    'A failed run leaves a flag that a person has to clear by hand before anything goes on.',
  'lock-row-without-lease': 'A row is the lock of the run, and stays when the run was killed.',
  'second-dispatch-in-silence':
    'A second run waits without a word, for whom nobody knows, and for as long as it takes.',
  'commit-answer-lost':
    'The connection breaks before the answer to COMMIT comes: done or not, the run has to know.',
  'failed-run-without-report': 'A deployment that fails leaves no report and no summary.',
  'no-lock-timeout-by-default':
    'Unless somebody sets one there is no lock_timeout: a statement waits, with everybody queued behind it, for as long as another session likes.',
  'resume-from-the-top':
    'A file that was cut off half way is run again from its first statement, which meets its own work, or does it twice.',
  'foreign-key-drop-locks-both-tables':
    'Dropping a foreign key locks the table that it points to as strongly as its own, and only its own was expected to be.',
  'lock-timeout-per-lock':
    "The server's lock_timeout begins anew with each lock: a statement over many partitions waits for many times as long.",
  'prepared-transaction-as-pid-0':
    'A prepared transaction in the way is shown as process 0, which nobody can look up or end.',
} as const
