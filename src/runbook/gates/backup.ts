import { z } from 'zod'
import { fixedBytes, LONGEST_NAME, placeholdersIn, unknownPlaceholders } from './template.ts'
import { duration, foreignText, secretText, severity, size, text } from './values.ts'

const path = text.refine((template) => unknownPlaceholders(template, inPaths).length === 0, {
  error: 'only {date}, {target}, {run} and {commit} can be filled in',
})
const inPaths = ['date', 'target', 'run', 'commit'] as const

const proven = {
  'min-size': size()
    .describe('Smallest size that is plausible; default: judged beside the size of the database.')
    .optional(),
  drill: z
    .strictObject({
      url: secretText.describe(
        'Connection URL of an empty throw-away database that the backup is restored into.',
      ),
    })
    .describe('Restore the backup and compare row counts.')
    .optional(),
}

const pgDump = z.strictObject({
  path: path
    .describe(
      'File or folder of the dump; `{date}`, `{target}`, `{run}` and `{commit}` are filled in.',
    )
    .default('backup_{date}.dump'),
  format: z.enum(['custom', 'directory', 'plain']).default('custom'),
  schemas: z.array(text).describe('Only these schemas; default: all.').default([]),
  jobs: z.int().min(1).max(64).describe('Parallel jobs, format directory only.').default(1),
  program: text.describe('Path of pg_dump; default: the one on the PATH.').default('pg_dump'),
  timeout: duration('6h').describe('How long it may take.'),
  ...proven,
})

const command = z.strictObject({
  run: foreignText.describe(
    'Command, run by the shell. `DATABASE_URL` and libpq’s variables are in its environment.',
  ),
  path: path
    .describe(
      'File or folder that it writes, which it finds in `AIRLOCK_BACKUP`; without one only its exit code is proof.',
    )
    .optional(),
  timeout: duration('6h').describe('How long it may take.'),
  ...proven,
})

const proof = z
  .strictObject({
    query: foreignText
      .describe(
        'A query on the target that returns the time and the size in bytes of the newest backup.',
      )
      .optional(),
    command: foreignText.describe('A command that prints them: ISO time and bytes.').optional(),
    'max-age': duration('24h').describe('How old the backup may be.'),
    'min-size': proven['min-size'],
  })
  .refine(({ query, command }) => (query === undefined) !== (command === undefined), {
    error: 'needs one of query and command',
  })

/** One of four. */
export const backupSchema = z
  .strictObject({
    none: text.describe('No backup, and why; shown as not checked.').optional(),
    'pg-dump': pgDump.describe('Make one now with pg_dump.').optional(),
    command: command.describe('Make one now with a command.').optional(),
    proof: proof.describe('Prove that one exists.').optional(),
  })
  .refine((given) => Object.values(given).filter((one) => one !== undefined).length === 1, {
    error: 'is one of none, pg-dump, command and proof',
  })
  .describe('The backup before the first change: one of none, pg-dump, command, proof.')

export const restorePointSchema = z.strictObject({
  name: text
    .refine((name) => unknownPlaceholders(name, inPaths).length === 0, {
      error: 'only {target}, {date}, {run} and {commit} can be filled in',
    })
    .refine((name) => placeholdersIn(name).some((each) => each === 'date' || each === 'run'), {
      error:
        'needs {date} or {run}: a recovery stops at the first point of that name, so it must be unique',
    })
    .refine((name) => fixedBytes(name) <= LONGEST_NAME - 16, {
      error:
        'its fixed text is too long: at most 47 of the 63 bytes, so that what makes it unique has room',
    })
    .describe(
      'Name of the restore point; `{target}`, `{date}`, `{run}` and `{commit}` are filled in. Longer than 63 bytes it is shortened.',
    )
    .default('airlock_{target}_{date}_{run}'),
  'if-impossible': severity
    .describe('Where it is not allowed, or WAL is not archived.')
    .default('warn'),
  'switch-wal': z
    .boolean()
    .describe(
      'Call pg_switch_wal() right after, so that the segment is archived at once (the role needs EXECUTE on it).',
    )
    .default(false),
})

export type Backup = z.output<typeof backupSchema>
export type RestorePoint = z.output<typeof restorePointSchema>
