import type { SessionSetting } from '../report/types.ts'

/** What a server said of one statement. Values come as text, exactly as psql's text output (null is NULL). */
export interface TextResult {
  /** The command tag: 'COMMIT', 'INSERT 0 3'. */
  readonly tag: string
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** A notice as received; the engine adds the place. */
export interface RawNotice {
  readonly severity: string
  readonly code: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
}

/**
 * What the server (or the network) answered instead of a result. `code` is the SQLSTATE; '08006' and
 * `lost: true` when the connection itself is gone. `position` is the 1-based character in the statement sent.
 */
export interface ServerErrorFields {
  readonly code: string
  readonly message: string
  readonly severity: string
  readonly detail?: string
  readonly hint?: string
  readonly where?: string
  readonly position?: number
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
  readonly lost: boolean
}

/** Where a connection leads. A `host` that starts with '/' is the folder of a Unix socket. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** Address to connect to instead of looking up `host`, which a certificate is still checked against. */
  readonly hostaddr?: string
}

export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export type TargetSessionAttrs =
  | 'any'
  | 'read-write'
  | 'read-only'
  | 'primary'
  | 'standby'
  | 'prefer-standby'

/** TLS as libpq understands it; certificates and the key as PEM texts. */
export interface TlsConfig {
  readonly mode: SslMode
  /** PEM text, 'system' for the machine's own store, null where there is none. */
  readonly rootCertificate: string | null
  readonly revocationList: string | null
  readonly certificate: string | null
  /** A function, so that printing the configuration doesn't print the key. */
  readonly key: () => { readonly pem: string; readonly passphrase?: string } | null
  readonly minVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
}

/** All that is needed to connect: what the URL, the environment and libpq's files say together. */
export interface ConnectionConfig {
  /** Tried in this order. */
  readonly endpoints: readonly Endpoint[]
  readonly database: string
  readonly user: string
  /** A function, so that printing the configuration doesn't print it. Null: none is known. */
  readonly password: (endpoint: Endpoint) => string | null
  readonly tls: TlsConfig
  readonly channelBinding: 'disable' | 'prefer' | 'require'
  /** Command-line options for the server: '-c name=value'. */
  readonly options: string
  /** 0: no limit. */
  readonly connectTimeoutMs: number
  readonly targetSessionAttrs: TargetSessionAttrs
  /** Everything that must never be printed: see `secretsOf`. */
  readonly secrets: () => readonly string[]
  /** What was found on the way and deserves a line: a passfile that is open to others. */
  readonly warnings: readonly string[]
}

/** A statement of its own, with values bound as text. */
export interface Query {
  readonly text: string
  readonly values?: readonly (string | number | boolean | null | readonly string[])[]
  /** Which rows are kept: the first `rows` in any case, more while all are together below about `bytes`. The tag counts the others too. */
  readonly keep?: { readonly rows: number; readonly bytes: number }
}

/** One connection. One statement at a time: calls queue up in order. Every failure is a `ServerError`. */
export interface Session {
  /** Backend pid as BackendKeyData gave it. */
  readonly pid: number
  readonly name: string
  /** pg_backend_pid(): another than `pid` behind a pooler. */
  readonly backendPid: number
  /** When the backend started, as `backendStartText` reads it: a pid is given again, after a restart soon. */
  readonly backendStart: string
  readonly endpoint: Endpoint
  /** 'TLSv1.3', or 'off', of this end of the connection. */
  readonly tls: string
  readonly serverMajor: number
  /** As the server reported it at start-up: '16.14'. */
  readonly serverVersion: string
  /** Messages sent for which an answer was awaited, so far. */
  readonly roundTrips: number
  /** As of the last answer. */
  readonly transaction: 'idle' | 'open' | 'failed'
  /** Extended protocol, one statement; values bound as text. */
  query(
    text: string,
    values?: readonly (string | number | boolean | null | readonly string[])[],
  ): Promise<TextResult>
  /** Same, rows as objects parsed by column type (bigint → number where safe, bool, json, arrays). */
  rows<Row>(
    text: string,
    values?: readonly (string | number | boolean | null | readonly string[])[],
  ): Promise<Row[]>
  /** Simple protocol: one or several statements in one message, one result each. */
  simple(text: string): Promise<TextResult[]>
  /** Simple messages sent at once, each of which the server answers by itself: one that fails does not keep the others from running. */
  simpleTogether(texts: readonly string[]): Promise<TextResult[][]>
  /**
   * Extended protocol, several statements in one round trip, one result each. After one that fails the server skips the rest. `onResult`
   * is told the place of each as its result arrives, after its notices and before those of the next.
   */
  pipeline(queries: readonly Query[], onResult?: (place: number) => void): Promise<TextResult[]>
  /** The columns that a statement would return, without running it (Parse and Describe). Empty: it returns no rows. */
  columnsOf(text: string): Promise<TextResult['columns']>
  /** COPY … FROM STDIN with its data. */
  copyIn(statement: string, data: string): Promise<TextResult>
  /** Notices since the last call, oldest first (bounded; the count of those dropped is in `dropped`). */
  takeNotices(): { readonly notices: readonly RawNotice[]; readonly dropped: number }
  /** Resolves with the reason when the connection is lost without `close`. */
  readonly lost: Promise<Error>
  close(): Promise<void>
}

/** What a backend is known by. */
export type Backend = Pick<Session, 'backendPid' | 'backendStart'>

export interface TimeoutSettings {
  /** Milliseconds. */
  readonly lockTimeout: number
  readonly statementTimeout: number
  readonly idleInTransactionTimeout: number
}

export type { SessionSetting }
