import pg from 'pg'
import { endsConnection, sqlstate } from './sqlstate.ts'
import type { ServerErrorFields } from './types.ts'

/**
 * What a server answered instead of a result, or why the connection is gone (`lost`, code 08006 unless the server named its
 * reason). Messages come from the server or the network; a connection's password is in neither.
 */
export class ServerError extends Error implements ServerErrorFields {
  readonly code: string
  readonly severity: string
  readonly lost: boolean
  declare readonly detail?: string
  declare readonly hint?: string
  declare readonly where?: string
  declare readonly position?: number
  declare readonly schema?: string
  declare readonly table?: string
  declare readonly column?: string
  declare readonly constraint?: string

  constructor(fields: ServerErrorFields, cause?: unknown) {
    super(fields.message, cause === undefined ? undefined : { cause })
    this.name = 'ServerError'
    this.code = fields.code
    this.severity = fields.severity
    this.lost = fields.lost
    Object.assign(this, present({ ...fields, message: undefined }))
  }
}

/** The same object without its undefined members. */
function present<Fields extends object>(fields: Fields): Partial<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Partial<Fields>
}

/** Whatever pg or a socket threw, as a ServerError. `severity`: the one that isn't translated, where it is known. */
export function serverErrorOf(error: unknown, severity?: string): ServerError {
  if (error instanceof ServerError) return error
  if (error instanceof pg.DatabaseError) return fromServer(error, severity)
  return new ServerError(
    {
      code: sqlstate.connectionFailure,
      message: networkMessage(error),
      severity: 'FATAL',
      lost: true,
    },
    error,
  )
}

function fromServer(error: pg.DatabaseError, severity = error.severity ?? 'ERROR'): ServerError {
  const code = error.code ?? 'XX000'
  const position = Number.parseInt(error.position ?? '', 10)
  const fields = present({
    detail: error.detail,
    hint: error.hint,
    where: error.where,
    position: Number.isNaN(position) ? undefined : position,
    schema: error.schema,
    table: error.table,
    column: error.column,
    constraint: error.constraint,
  }) as Partial<ServerErrorFields>
  const lost = severity === 'FATAL' || severity === 'PANIC' || endsConnection(code)
  return new ServerError({ code, message: error.message, severity, lost, ...fields })
}

/**
 * Node tries every address of a name and answers with an AggregateError whose own message is empty. Not by instanceof: a socket's errors
 * may be of another realm than ours.
 */
function networkMessage(error: unknown): string {
  const { errors, message } = (error ?? {}) as Partial<AggregateError>
  if (Array.isArray(errors) && errors.length > 0) {
    return [...new Set(errors.map(networkMessage))].join('; ')
  }
  return typeof message === 'string' ? message : String(error)
}
