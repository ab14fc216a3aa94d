import type { CheckScenario } from '../scenario.ts'
import { approvalScenarios } from './approval.ts'
import { dataScenarios } from './data.ts'
import { driftScenarios } from './drift.ts'
import { riskScenarios } from './risk.ts'
import { serverScenarios } from './server.ts'

export const scenarios: readonly CheckScenario[] = [
  ...serverScenarios,
  ...riskScenarios,
  ...dataScenarios,
  ...driftScenarios,
  ...approvalScenarios,
]
