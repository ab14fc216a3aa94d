import type { RefusalParts } from '../report/refusal.ts'
import { type ServerError, serverErrorOf } from './server-error.ts'
import { sqlstate } from './sqlstate.ts'
import { errorCodeOf, isTlsFailure } from './tls-failure.ts'
import type { ConnectionConfig } from './types.ts'

type Explanation = Pick<RefusalParts, 'why' | 'fix'>

/** Why a connection could not be made, and what to do: for a refusal with exit code 1 (nothing was changed). Holds no secret. */
export function explainConnectionFailure(error: unknown, config: ConnectionConfig): RefusalParts {
  const failure = serverErrorOf(error)
  const parts = {
    what: `No connection to ${targetOf(config)}`,
    ...(explainServer(failure, config) ?? explainNetwork(failure, config)),
    exitCode: 1 as const,
  }
  const hide = (text: string) =>
    config.secrets().reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
  return { ...parts, why: hide(parts.why) }
}

function targetOf(config: ConnectionConfig): string {
  const hosts = config.endpoints.map(({ host, port }) =>
    host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`,
  )
  return `database "${config.database}" on ${hosts.join(', ')} as "${config.user}"`
}

/** What the server itself said, by SQLSTATE; null where the network failed. */
function explainServer(failure: ServerError, config: ConnectionConfig): Explanation | null {
  const said = failure.message
  switch (failure.code) {
    case sqlstate.invalidPassword:
      return {
        why: `The password was not accepted: ${said}.`,
        fix: 'Check user and password; in a URL, characters such as @ : / # % of the password must be percent-encoded.',
      }
    case sqlstate.invalidAuthorizationSpecification:
      return {
        why: `The server does not let this user in from here: ${said}.`,
        fix: /no encryption|SSL off/.test(said)
          ? 'The server wants TLS: set sslmode=require or stronger.'
          : 'Check that the role exists and may log in, and that pg_hba.conf (or the provider’s allow list) admits the address that this job connects from.',
      }
    case sqlstate.invalidCatalogName:
      return {
        why: `The server has no such database: ${said}.`,
        fix: 'Check the name after the last / of the URL; it is case-sensitive.',
      }
    case sqlstate.tooManyConnections:
      return {
        why: `The server has no free connection: ${said}.`,
        fix: 'Three connections are needed. End idle sessions, or raise max_connections or the role’s CONNECTION LIMIT.',
      }
    case sqlstate.cannotConnectNow:
      return {
        why: `The server is starting up, shutting down or recovering: ${said}.`,
        fix: 'Try again when it accepts connections.',
      }
    case sqlstate.insufficientPrivilege:
      return {
        why: `The role may not connect to this database: ${said}.`,
        fix: `GRANT CONNECT ON DATABASE to the role.`,
      }
    case sqlstate.connectionRejected:
      return {
        why: `No host is of the right kind: ${said}.`,
        fix: 'Name the primary, or change target_session_attrs.',
      }
    case sqlstate.connectionFailure:
      return null
    default:
      return {
        why: `The server refused: ${said} (SQLSTATE ${failure.code}).`,
        fix:
          config.options === ''
            ? 'See the server’s log.'
            : 'Check the options of the connection string, and see the server’s log.',
      }
  }
}

function explainNetwork(failure: ServerError, config: ConnectionConfig): Explanation {
  if (isTlsFailure(failure)) return explainTls(failure, config)
  switch (errorCodeOf(failure.cause)) {
    case 'ECONNREFUSED':
      return {
        why: `Nothing listens there (${failure.message}).`,
        fix: 'Check host and port, that the server runs, and that listen_addresses lets others in.',
      }
    case 'ENOENT':
      return {
        why: `There is no such socket (${failure.message}).`,
        fix: 'Check that the server runs on this machine and which folder its unix_socket_directories names.',
      }
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        why: `The host's name was not found (${failure.message}).`,
        fix: 'Check the spelling of the host; a private name is known only inside its network.',
      }
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return unreachable(failure.message)
  }
  if (failure.message === 'timeout expired') {
    return unreachable(`no answer within ${config.connectTimeoutMs / 1000} seconds`)
  }
  return {
    why: `The connection broke off while it was made: ${failure.message}.`,
    fix: 'Check that a Postgres server (or its pooler) answers on this host and port, and see its log.',
  }
}

function unreachable(why: string): Explanation {
  return {
    why: `The host can not be reached: ${why}.`,
    fix: 'Check that a firewall, security group or allow list admits the machine that this runs on; connect_timeout=30 waits longer.',
  }
}

function explainTls(failure: ServerError, config: ConnectionConfig): Explanation {
  const code = errorCodeOf(failure.cause)
  if (/does not support SSL/.test(failure.message)) {
    return {
      why: `sslmode=${config.tls.mode} asks for TLS, and the server has none.`,
      fix: 'Turn ssl on at the server; sslmode=prefer also speaks plainly, which only a network that you trust allows.',
    }
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      why: `The server's certificate is for another name: ${failure.message}.`,
      fix: 'Use the host name that the certificate names, or sslmode=verify-ca where the authority is your own.',
    }
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return {
      why: "The server's certificate has expired.",
      fix: 'Renew the certificate of the server.',
    }
  }
  return {
    why: `TLS could not be agreed on: ${failure.message}${code === '' ? '' : ` (${code})`}.`,
    fix: 'Check that sslrootcert names the authority that signed the server’s certificate, and that the server accepts the client certificate, if there is one.',
  }
}
