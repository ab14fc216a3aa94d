import type { Check } from '../check.ts'
import { dataChecks } from './data.ts'
import { serverVersion } from './server-version.ts'

/** Every preflight check, in the order of the summary's first table. */
export const preflightChecks: readonly Check[] = [serverVersion, ...dataChecks]
