import { z } from 'zod'
import {
  complaint,
  connectionText,
  duration,
  exactlyOneOf,
  foreignText,
  severity,
  size,
  text,
} from './values.ts'

const proven = {
  'min-size': size()
    .describe('Smallest size that is plausible; default: judged beside the size of the database.')
    .optional(),
  drill: z
    .strictObject({
      url: connectionText.describe(
        'Connection URL of an empty throw-away database that the backup is restored into.',
      ),
    })
    .describe('Restore the backup and compare row counts.')
    .optional(),
}

const pgDump = z
  .strictObject({
    path: text
      .describe('File or folder of the dump; `{date}`, `{target}` and `{run}` are filled in.')
      .default('backup_{date}.dump'),
    format: z
      .enum(['custom', 'directory', 'plain'])
      .describe('As pg_dump calls them.')
      .default('custom'),
    schemas: z.array(text).describe('Only these schemas; default: all.').default([]),
    jobs: z.int().min(1).max(64).describe('Parallel jobs, format directory only.').default(1),
    program: text.describe('Path of pg_dump; default: the one on the PATH.').default('pg_dump'),
    timeout: duration('6h', 'some').describe('How long it may take.'),
    ...proven,
  })
  .check((context) => {
    const { format, jobs } = context.value
    if (jobs === 1 || format === 'directory') return
    context.issues.push(
      complaint(
        context.value,
        {
          what: `is ${jobs}, and the format is ${format}`,
          why: 'pg_dump writes with several jobs only in the format directory.',
          fix: 'Set format: directory, or remove jobs.',
        },
        ['jobs'],
      ),
    )
  })

const command = z.strictObject({
  run: foreignText.describe(
    'Command, run by the shell. `DATABASE_URL` and libpq’s variables are in its environment.',
  ),
  path: text.describe('File that it writes; without one only its exit code is proof.').optional(),
  timeout: duration('6h', 'some').describe('How long it may take.'),
  ...proven,
})

const proof = exactlyOneOf(
  z.strictObject({
    query: foreignText
      .describe(
        'A query on the target that returns the time and the size in bytes of the newest backup.',
      )
      .optional(),
    command: foreignText.describe('A command that prints them: ISO time and bytes.').optional(),
    'max-age': duration('24h', 'some').describe('How old the backup may be.'),
    'min-size': proven['min-size'],
  }),
  'The proof of a backup',
  ['query', 'command'],
)

/** One of four. */
export const backupSchema = exactlyOneOf(
  z.strictObject({
    none: text.describe('No backup, and why; shown as not checked.').optional(),
    'pg-dump': pgDump.describe('Make one now with pg_dump.').optional(),
    command: command.describe('Make one now with a command.').optional(),
    proof: proof.describe('Prove that one exists.').optional(),
  }),
  'The backup',
  ['none', 'pg-dump', 'command', 'proof'],
).describe('The backup before the first change: one of none, pg-dump, command, proof.')

export const restorePointSchema = z.strictObject({
  name: text
    .describe(
      'Name of the restore point; `{target}`, `{date}`, `{run}` and `{commit}` are filled in. At most 63 bytes.',
    )
    .default('airlock_{target}_{date}_{run}'),
  'if-impossible': severity
    .describe('Where it is not allowed, or WAL is not archived.')
    .default('warn'),
})

export type Backup = z.output<typeof backupSchema>
export type RestorePoint = z.output<typeof restorePointSchema>
