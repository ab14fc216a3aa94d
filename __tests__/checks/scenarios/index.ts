import type { CheckScenario } from '../scenario.ts'
import { approvalScenarios } from './approval.ts'
import { dataScenarios } from './data.ts'
import { driftScenarios } from './drift.ts'
import { extensionsScenarios } from './extensions.ts'
import { privilegesScenarios } from './privileges.ts'
import { riskScenarios } from './risk.ts'
import { serverScenarios } from './server.ts'

export const scenarios: readonly CheckScenario[] = [
  ...serverScenarios,
  ...extensionsScenarios,
  ...privilegesScenarios,
  ...riskScenarios,
  ...dataScenarios,
  ...driftScenarios,
  ...approvalScenarios,
]
