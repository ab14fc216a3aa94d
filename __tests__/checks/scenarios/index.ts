import type { CheckScenario } from '../scenario.ts'
import { privilegesScenarios } from './privileges.ts'
import { serverScenarios } from './server.ts'

export const scenarios: readonly CheckScenario[] = [...serverScenarios, ...privilegesScenarios]
