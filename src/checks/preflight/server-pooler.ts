import { defineCheck } from '../check.ts'

interface Facts {
  /** What BackendKeyData said, and what the backend says of itself. */
  readonly pid: number
  readonly backendPid: number
}

/** Whether a pooler stands between. `deploy` has refused one in transaction mode by now; `plan` has one connection, too few to tell. Asks nothing more. */
export const serverPooler = defineCheck<Facts>({
  id: 'server.pooler',
  group: 'server',
  title: 'No connection pooler in between',
  severity: 'warn',
  needs: 'Every role may ask for its own backend.',
  read: async ({ target: { pid, backendPid } }) => ({ pid, backendPid }),
  judge({ pid, backendPid }, { settings }) {
    const expected = 'a connection of one’s own'
    if (pid === backendPid) return [{ outcome: 'passed', expected, actual: 'no pooler is seen' }]
    const actual = `a pooler: the connection has pid ${pid}, the backend ${backendPid}`
    const fix = 'Give the direct URL of the server (often another port).'
    if (settings.command === 'plan') {
      return [
        {
          outcome: 'not-checked',
          expected,
          actual,
          reason:
            'of which mode it is shows only with two connections, as deploy has them; one in transaction mode is refused there',
          fix,
        },
      ]
    }
    return [
      {
        outcome: 'problem',
        expected,
        actual: `${actual}; it keeps them together, so session mode`,
        reason: 'Its own timeouts may end a long step, and a cancel goes by way of it.',
        fix,
      },
    ]
  },
})
