import type { Check } from '../check.ts'
import { privilegesJournal } from './privileges-journal.ts'
import { privilegesOwnership } from './privileges-ownership.ts'
import { privilegesRole } from './privileges-role.ts'
import { privilegesSchemas } from './privileges-schemas.ts'
import { privilegesSpecial } from './privileges-special.ts'
import { privilegesTables } from './privileges-tables.ts'
import { serverVersion } from './server-version.ts'

/** Every preflight check, in the order of the summary's first table. */
export const preflightChecks: readonly Check[] = [
  serverVersion,
  privilegesRole,
  privilegesOwnership,
  privilegesSchemas,
  privilegesTables,
  privilegesSpecial,
  privilegesJournal,
]
