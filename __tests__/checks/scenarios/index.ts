import type { CheckScenario } from '../scenario.ts'
import { dataScenarios } from './data.ts'
import { serverScenarios } from './server.ts'

export const scenarios: readonly CheckScenario[] = [...serverScenarios, ...dataScenarios]
