import { defineCheck } from '../check.ts'

/** Deprecated by RFC 8996. */
const old: ReadonlySet<string> = new Set(['TLSv1', 'TLSv1.1', 'SSLv3'])

/**
 * Whether the connection is encrypted, as the server saw it (pg_stat_ssl). Over the loopback nothing can be told: a tunnel, which hides how it
 * goes on, begins there too. Asks nothing more.
 */
export const serverTls = defineCheck<null>({
  id: 'server.tls',
  group: 'server',
  title: 'Encryption of the connection',
  severity: 'warn',
  needs: 'Every role may see its own connection.',
  read: async () => null,
  judge(_, { target: { host, tls } }) {
    const expected = 'TLSv1.2 or later'
    if (tls !== 'off' && !old.has(tls)) return [{ outcome: 'passed', expected, actual: tls }]
    if (host.startsWith('/')) {
      return [{ outcome: 'passed', expected, actual: `off, over the Unix socket in ${host}` }]
    }
    if (tls === 'off' && isLoopback(host)) {
      return [
        {
          outcome: 'not-checked',
          expected,
          actual: `off, over ${host}`,
          reason:
            'the connection ends on this machine; whether it goes on from there, and how, is not seen',
        },
      ]
    }
    return [
      {
        outcome: 'problem',
        expected,
        actual: tls === 'off' ? `off, to ${host}` : tls,
        reason: 'Whoever is on the way can read the data and change the statements.',
        fix: 'Add sslmode=verify-full (and sslrootcert) to the connection URL.',
      },
    ]
  },
})

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1|\[::1\])$/i.test(host)
}
