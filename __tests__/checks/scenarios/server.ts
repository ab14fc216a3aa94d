import { server } from '../../support/database.ts'
import type { CheckScenario } from '../scenario.ts'

const major = () => String(server().major)

export const serverScenarios: readonly CheckScenario[] = [
  {
    check: 'server.version',
    outcome: 'passed',
    title: 'the major that is expected',
    arrange: async () => ({ gates: { preflight: { version: major() } } }),
  },
  {
    check: 'server.version',
    outcome: 'failed',
    title: 'another major than is expected',
    gates: { preflight: { version: '10 - 13' } },
    says: [/10 - 13/, /right database/],
  },
  {
    check: 'server.version',
    outcome: 'not-checked',
    title: 'no version is expected',
    says: [/neither a version nor a staging-url/],
  },
]
