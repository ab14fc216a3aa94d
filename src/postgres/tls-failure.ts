import type { ServerError } from './server-error.ts'
import { sqlstate } from './sqlstate.ts'

const tlsCode =
  /^(ERR_(SSL|TLS|OSSL)|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|CRL_)/

/** The network is fine, TLS is not: refused by the server, or the handshake failed. */
export function isTlsFailure(error: ServerError): boolean {
  if (error.code !== sqlstate.connectionFailure) return false
  const code = errorCodeOf(error.cause)
  return code === '' ? /\bSSL\b/.test(error.message) : tlsCode.test(code)
}

/** Node's code of a socket's or TLS error: 'ECONNREFUSED'. Empty: none. */
export function errorCodeOf(error: unknown): string {
  const { errors, code } = (error ?? {}) as { readonly errors?: unknown; readonly code?: unknown }
  if (Array.isArray(errors) && errors.length > 0) return errorCodeOf(errors[0])
  return typeof code === 'string' ? code : ''
}
