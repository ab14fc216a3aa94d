import { z } from 'zod'
import { severity, text } from './values.ts'

/** The runbook’s seven. `fail` triggers on-failure like a failed migration. */
export const criteriaSchema = z.strictObject({
  constraints: severity.describe('All constraints created and VALID.').default('fail'),
  indexes: severity.describe('All indexes created and VALID.').default('fail'),
  'row-counts': severity
    .describe('Row counts unchanged but for what the migrations did.')
    .default('warn'),
  'application-errors': severity.describe('No application errors in the log.').default('fail'),
  performance: severity.describe('Query performance improved or unchanged.').default('warn'),
  'lock-waits': severity.describe('No increased lock waits.').default('warn'),
  'smoke-tests': severity.describe('All smoke tests pass.').default('fail'),
  slower: z
    .number()
    .min(1)
    .describe(
      'How many times slower a statement may be after the deployment to count as unchanged.',
    )
    .default(1.5),
})

export const contactsSchema = z
  .record(text, text)
  .describe('Whom to call when a person is needed, by role.')

export type Criteria = z.output<typeof criteriaSchema>
export type Contacts = z.output<typeof contactsSchema>
