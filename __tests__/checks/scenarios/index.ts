import type { CheckScenario } from '../scenario.ts'
import { serverScenarios } from './server.ts'

export const scenarios: readonly CheckScenario[] = [...serverScenarios]
