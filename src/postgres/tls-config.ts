import { join } from 'node:path'
import { Refusal } from '../report/refusal.ts'
import type { ConnectionFiles } from './connection-files.ts'
import type { Parameters } from './connection-string.ts'
import type { SslMode, TlsConfig } from './types.ts'

const modes: readonly SslMode[] = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
]
const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const

/** TLS by libpq's rules, certificates read: from the named files, else from ~/.postgresql where they are. */
export function resolveTls(parameters: Parameters, files: ConnectionFiles): TlsConfig {
  const mode = sslMode(parameters)
  const certificate = mode === 'disable' ? null : clientCertificate(parameters, files)
  const key = certificate === null ? null : clientKey(parameters, files)
  return {
    mode,
    rootCertificate: mode === 'disable' ? null : rootCertificate(mode, parameters, files),
    revocationList:
      mode === 'disable' ? null : optionalFile('sslcrl', 'root.crl', parameters, files),
    certificate,
    key: () => key,
    minVersion: version(parameters, 'ssl_min_protocol_version', 'TLSv1.2'),
    maxVersion: version(parameters, 'ssl_max_protocol_version', 'TLSv1.3'),
  }
}

function sslMode(parameters: Parameters): SslMode {
  const system = parameters.get('sslrootcert') === 'system'
  const text = parameters.get('sslmode') ?? (system ? 'verify-full' : 'prefer')
  const mode = modes.find((each) => each === text)
  if (mode === undefined) {
    throw new Refusal({
      what: 'sslmode has an unknown value',
      why:
        text === 'no-verify'
          ? "no-verify is node-postgres's own; libpq calls it require."
          : `It may be ${modes.join(', ')}.`,
      fix: 'Write sslmode=verify-full with sslrootcert, or sslmode=require for TLS without proof of who the server is.',
    })
  }
  if (system && mode !== 'verify-full') {
    throw new Refusal({
      what: `sslrootcert=system does not go with sslmode=${mode}`,
      why: "Anybody can get a certificate from a public authority, so the host's name must be checked too.",
      fix: 'Write sslmode=verify-full.',
    })
  }
  return mode
}

function rootCertificate(
  mode: SslMode,
  parameters: Parameters,
  files: ConnectionFiles,
): string | null {
  const named = parameters.get('sslrootcert')
  if (named === 'system') return named
  const path = named ?? join(files.home, '.postgresql', 'root.crt')
  const text = read(path, 'sslrootcert', files)
  if (text === null && mode.startsWith('verify-')) {
    throw new Refusal({
      what: `The root certificate ${path} does not exist`,
      why: `sslmode=${mode} checks the server's certificate against it.`,
      fix: 'Name the file in sslrootcert (or PGSSLROOTCERT), write sslrootcert=system for public authorities, or choose a weaker sslmode.',
    })
  }
  return text
}

function optionalFile(
  name: string,
  standard: string,
  parameters: Parameters,
  files: ConnectionFiles,
): string | null {
  const named = parameters.get(name)
  const path = named ?? join(files.home, '.postgresql', standard)
  const text = read(path, name, files)
  if (text === null && named !== undefined) {
    throw new Refusal({
      what: `The file ${path} does not exist`,
      why: `It is named by ${name}.`,
      fix: `Correct ${name}, or leave it out.`,
    })
  }
  return text
}

function clientCertificate(parameters: Parameters, files: ConnectionFiles): string | null {
  return optionalFile('sslcert', 'postgresql.crt', parameters, files)
}

function clientKey(
  parameters: Parameters,
  files: ConnectionFiles,
): { readonly pem: string; readonly passphrase?: string } {
  const path = parameters.get('sslkey') ?? join(files.home, '.postgresql', 'postgresql.key')
  const pem = read(path, 'sslkey', files)
  if (pem === null) {
    throw new Refusal({
      what: `The private key ${path} does not exist`,
      why: 'There is a client certificate, which is of no use without its key.',
      fix: 'Name the key in sslkey (or PGSSLKEY).',
    })
  }
  refuseOpenKey(path, files)
  const passphrase = parameters.get('sslpassword')
  return { pem, ...(passphrase === undefined ? {} : { passphrase }) }
}

/** libpq's rule: 0600 or less, or 0640 or less for a file of root's. */
function refuseOpenKey(path: string, files: ConnectionFiles): void {
  const permissions = files.permissions(path)
  if (permissions === null) return
  const allowed = permissions.owner === 0 ? 0o640 : 0o600
  if ((permissions.mode & ~allowed & 0o077) === 0) return
  throw new Refusal({
    what: `The private key ${path} is open to others`,
    why: `Its mode is 0${permissions.mode.toString(8)}.`,
    fix: `chmod 0600 ${path}`,
  })
}

function version(
  parameters: Parameters,
  name: string,
  standard: TlsConfig['minVersion'],
): TlsConfig['minVersion'] {
  const text = parameters.get(name)
  if (text === undefined) return standard
  const found = versions.find((each) => each.toLowerCase() === text.toLowerCase())
  if (found !== undefined) return found
  throw new Refusal({
    what: `${name} has an unknown value`,
    why: `It may be ${versions.join(', ')}.`,
    fix: 'Write one of these, or leave it out.',
  })
}

function read(path: string, name: string, files: ConnectionFiles): string | null {
  try {
    return files.read(path)
  } catch (error) {
    throw new Refusal({
      what: `${path} can not be read`,
      why: error instanceof Error ? error.message : String(error),
      fix: `Make it readable for the user that runs this, or name another file in ${name}.`,
    })
  }
}
