import tls, { type ConnectionOptions } from 'node:tls'
import type { Endpoint, TlsConfig } from './types.ts'

/** What one attempt to connect does: `false` speaks plainly, anything else are Node's TLS options. */
export type TlsAttempt = ConnectionOptions | false

/**
 * The attempts of one endpoint, in order, by libpq's rules for sslmode (pg's own reading of it differs: there `require` verifies). `allow` begins
 * plainly, `prefer` with TLS; a Unix socket never speaks TLS.
 */
export function tlsAttempts(config: TlsConfig, endpoint: Endpoint): readonly TlsAttempt[] {
  if (config.mode === 'disable' || endpoint.host.startsWith('/')) return [false]
  const secure = tlsOptions(config, endpoint)
  if (config.mode === 'allow') return [false, secure]
  if (config.mode === 'prefer') return [secure, false]
  return [secure]
}

/**
 * As libpq does, the certificate is checked against the root certificate wherever there is one (so `require` is `verify-ca` then), and
 * the host's name only in `verify-full`.
 */
function tlsOptions(config: TlsConfig, endpoint: Endpoint): ConnectionOptions {
  const key = config.key()
  return {
    ...verification(config, endpoint),
    ...(config.revocationList === null ? {} : { crl: config.revocationList }),
    ...(config.certificate === null ? {} : { cert: config.certificate }),
    ...(key === null ? {} : { key: key.pem }),
    ...(key?.passphrase === undefined ? {} : { passphrase: key.passphrase }),
    // pg sets it to the host that it connects to, unless that is an address.
    ...(endpoint.hostaddr === undefined ? {} : { servername: endpoint.host }),
    minVersion: config.minVersion,
    maxVersion: config.maxVersion,
  }
}

function verification(config: TlsConfig, endpoint: Endpoint): ConnectionOptions {
  if (config.rootCertificate === null) return { rejectUnauthorized: false }
  return {
    rejectUnauthorized: true,
    ...certificateAuthorities(config.rootCertificate),
    checkServerIdentity: (_host, certificate) =>
      config.mode === 'verify-full'
        ? tls.checkServerIdentity(endpoint.host, certificate)
        : undefined,
  }
}

/** Node has its own bundle of authorities; the machine's can be asked for since 22.15. */
function certificateAuthorities(root: string): ConnectionOptions {
  if (root !== 'system') return { ca: root }
  if (typeof tls.getCACertificates !== 'function') return {}
  const machine = tls.getCACertificates('system')
  return machine.length === 0 ? {} : { ca: machine }
}
