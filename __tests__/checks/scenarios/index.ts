import type { CheckScenario } from '../scenario.ts'
import { extensionsScenarios } from './extensions.ts'
import { privilegesScenarios } from './privileges.ts'
import { serverScenarios } from './server.ts'

export const scenarios: readonly CheckScenario[] = [
  ...serverScenarios,
  ...extensionsScenarios,
  ...privilegesScenarios,
]
