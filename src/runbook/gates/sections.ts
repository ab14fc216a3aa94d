import { z } from 'zod'
import { backupSchema, restorePointSchema } from './backup.ts'
import { baselineSchema, logsSchema } from './baseline.ts'
import { contactsSchema, criteriaSchema } from './criteria.ts'
import { blockersSchema, diskGuardSchema } from './locks.ts'
import { preflightSchema } from './preflight.ts'
import { smokeSchema } from './smoke.ts'
import { duration } from './values.ts'

/** The sections of airlock.yml beside its settings; each may stand in a target too, and then replaces the file's whole section. */
export const sections = {
  preflight: preflightSchema.describe('Checks before the first change.').optional(),
  backup: backupSchema.optional(),
  'restore-point': restorePointSchema
    .describe('A named point in the WAL to restore to (needs WAL archiving).')
    .optional(),
  baseline: baselineSchema.describe('What is measured before and after.').optional(),
  smoke: smokeSchema.describe('Does the application still work?').optional(),
  logs: logsSchema.optional(),
  'observe-for': duration('0s').describe(
    'How long to watch after the last migration before judging performance and lock waits.',
  ),
  criteria: criteriaSchema.describe('When the deployment counts as successful.').optional(),
  blockers: blockersSchema.optional(),
  'disk-guard': diskGuardSchema.optional(),
  contacts: contactsSchema.optional(),
}

export type SectionName = keyof typeof sections

export const SECTION_NAMES = Object.keys(sections) as readonly SectionName[]

const gatesSchema = z.strictObject({
  ...sections,
  preflight: sections.preflight.transform((given) => given ?? preflightSchema.parse({})),
  baseline: sections.baseline.transform((given) => given ?? baselineSchema.parse({})),
  criteria: sections.criteria.transform((given) => given ?? criteriaSchema.parse({})),
  contacts: sections.contacts.transform((given) => given ?? {}),
})

/** All sections as a run uses them: durations in milliseconds, sizes in bytes, defaults filled in. Absent sections are undefined. */
export type Gates = z.output<typeof gatesSchema>

/**
 * Sections as plain data to what a run uses.
 *
 * @throws z.ZodError for what the schema doesn't accept: airlock.yml is judged before, with places
 */
export function parseGates(data: Readonly<Partial<Record<SectionName, unknown>>> = {}): Gates {
  return gatesSchema.parse(data)
}
