import { z } from 'zod'
import { complaint, duration, foreignText, size, text } from './values.ts'

/** What may be done to sessions that are in a migration's way. Off unless it is written. */
export const blockersSchema = z
  .strictObject({
    action: z
      .enum(['cancel', 'terminate'])
      .describe(
        'Cancel what such a session runs, or terminate it. An idle session has nothing to cancel.',
      ),
    applications: z
      .array(text)
      .min(1)
      .describe('Their application_name, exactly; `*` at the end stands for any rest.'),
    'older-than': duration('5min', 'some').describe(
      'Only sessions whose transaction is at least this old.',
    ),
  })
  .describe('Sessions in the way that may be ended. Without it none is touched.')

/** Limits of the disk, looked at while a statement runs. */
export const diskGuardSchema = z
  .strictObject({
    'free-space': size().optional().describe('Free space that must be left; needs `query`.'),
    query: foreignText
      .describe(
        'One SELECT that returns the free bytes of the server’s disk; asked READ ONLY, for 2s at most, 250ms while a statement runs.',
      )
      .optional(),
    'retained-wal': size().optional().describe('How much WAL the worst replication slot may keep.'),
    every: duration('10s', 'some').describe(
      'Time between two looks while statements run; one more is taken before each step.',
    ),
  })
  .check((context) => {
    const { query, 'free-space': space, 'retained-wal': wal } = context.value
    if ((query === undefined) !== (space === undefined)) {
      context.issues.push(
        complaint(context.value, {
          what:
            query === undefined ? 'has free-space but no query' : 'has a query but no free-space',
          why: 'Postgres does not tell how much room its disk has, and a figure means nothing without a limit.',
          fix: 'Give both: free-space: 5GB, and a query that returns the free bytes.',
        }),
      )
    } else if (query === undefined && wal === undefined) {
      context.issues.push(
        complaint(context.value, {
          what: 'has no limit',
          why: 'Nothing would be guarded.',
          fix: 'Give free-space with its query, or retained-wal.',
        }),
      )
    }
  })
  .describe('Cancels a build, a rewrite or any other statement that fills the disk.')

export type BlockersPolicy = z.output<typeof blockersSchema>
export type DiskGuard = z.output<typeof diskGuardSchema>
