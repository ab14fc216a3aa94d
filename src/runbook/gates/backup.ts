import { z } from 'zod'
import { fixedBytes, LONGEST_NAME, placeholdersIn, unknownPlaceholders } from './template.ts'
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

const inPaths = ['date', 'target', 'run', 'commit'] as const

/** Text with names in braces that are filled in. */
const template = text.check(({ value, issues }) => {
  const [unknown] = unknownPlaceholders(value, inPaths)
  if (unknown === undefined) return
  issues.push(
    complaint(value, {
      what: `holds {${unknown}}`,
      why: 'Only {date}, {target}, {run} and {commit} can be filled in.',
      fix: 'Write one of these, or leave the braces out.',
    }),
  )
})

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
    path: template
      .describe(
        'File or folder of the dump; `{date}`, `{target}`, `{run}` and `{commit}` are filled in.',
      )
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
  path: template
    .describe(
      'File or folder that it writes, which it finds in `AIRLOCK_BACKUP`; without one only its exit code is proof.',
    )
    .optional(),
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

/** What makes a name unique needs room beside its fixed text. */
const ROOM = 16

const restorePointName = template.check(({ value, issues }) => {
  if (!placeholdersIn(value).some((name) => name === 'date' || name === 'run')) {
    issues.push(
      complaint(value, {
        what: 'has neither {date} nor {run}',
        why: 'A recovery stops at the first point of its name, so each name must be used once.',
        fix: `Write for instance ${value}_{date}.`,
      }),
    )
  }
  if (fixedBytes(value) > LONGEST_NAME - ROOM) {
    issues.push(
      complaint(value, {
        what: `has ${fixedBytes(value)} bytes of fixed text`,
        why: `Postgres takes ${LONGEST_NAME} bytes, and what makes the name unique needs ${ROOM} of them.`,
        fix: `Shorten it to ${LONGEST_NAME - ROOM} bytes.`,
      }),
    )
  }
})

export const restorePointSchema = z.strictObject({
  name: restorePointName
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
