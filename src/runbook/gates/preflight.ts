import { z } from 'zod'
import {
  connectionText,
  duration,
  extensionVersion,
  foreignText,
  serverVersion,
  severity,
  size,
  text,
} from './values.ts'

/** The checks before the first change. What has a default is checked without being asked for. */
export const preflightSchema = z.strictObject({
  version: serverVersion
    .describe(
      'Server version that is expected: `15`, `15.4`, `15 - 17`, or `staging` for the same major as staging-url.',
    )
    .optional(),
  extensions: z
    .record(text, extensionVersion)
    .describe(
      'Extensions that must be installed, each with the version wanted: `any`, `1.6`, `>= 1.6`, `staging`.',
    )
    .default({}),
  checks: z
    .record(text, severity)
    .describe(
      'What a problem does, by the id of the check: `fail` refuses, `warn` tells, `off` leaves it out.',
    )
    .default({}),
  drift: z
    .enum(['fail', 'warn', 'accept', 'off'])
    .describe(
      'The catalog was changed by hand since the last deployment: refuse, tell, or accept and record it.',
    )
    .default('warn'),
  'long-transactions': duration('5min').describe(
    'A transaction older than this that is in the way is a problem.',
  ),
  'idle-in-transaction': duration('1min').describe(
    'A session idle in a transaction for longer than this that is in the way is a problem.',
  ),
  'lock-waits': duration('1s').describe(
    'A session of this database that has waited longer than this for a lock is a problem.',
  ),
  'replication-lag': duration('30s').describe('How far a standby may be behind.'),
  'retained-wal': size()
    .optional()
    .transform((bytes) => bytes ?? 2 ** 30)
    .describe('How much WAL a standby or a replication slot may be behind. Default: 1GB.'),
  'connection-slots': z
    .int()
    .min(0)
    .describe('Connections that must be free beyond our own.')
    .default(5),
  'transaction-id-age': z
    .int()
    .min(1)
    .describe('Oldest transaction id age that is accepted; Postgres stops at about 2,100,000,000.')
    .default(1_500_000_000),
  'free-space': z
    .union([
      size(),
      z.strictObject({ query: foreignText.describe('A query that returns the free bytes.') }),
    ])
    .describe('Room for new indexes and rewrites: a size, or a query that returns free bytes.')
    .optional(),
  'data-budget': duration('30s', 'some').describe('Time for all data prechecks together.'),
  'data-examples': z
    .int()
    .min(0)
    .max(100)
    .describe('How many violating keys are shown.')
    .default(5),
  'replica-url': connectionText
    .describe('Connection URL of a replica that the data prechecks are asked on.')
    .optional(),
})

export type Preflight = z.output<typeof preflightSchema>
