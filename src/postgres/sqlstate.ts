/** SQLSTATEs that we act on, by the names that Postgres gives them (appendix A, errcodes.txt). */
export const sqlstate = {
  warning: '01000',
  connectionException: '08000',
  connectionRejected: '08004',
  connectionFailure: '08006',
  protocolViolation: '08P01',
  featureNotSupported: '0A000',
  invalidParameterValue: '22023',
  notNullViolation: '23502',
  foreignKeyViolation: '23503',
  uniqueViolation: '23505',
  checkViolation: '23514',
  activeSqlTransaction: '25001',
  noActiveSqlTransaction: '25P01',
  inFailedSqlTransaction: '25P02',
  idleInTransactionSessionTimeout: '25P03',
  transactionTimeout: '25P04',
  readOnlySqlTransaction: '25006',
  invalidSqlStatementName: '26000',
  invalidAuthorizationSpecification: '28000',
  invalidPassword: '28P01',
  invalidTransactionTermination: '2D000',
  invalidCatalogName: '3D000',
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  insufficientPrivilege: '42501',
  duplicateColumn: '42701',
  duplicateObject: '42710',
  undefinedObject: '42704',
  undefinedTable: '42P01',
  undefinedFunction: '42883',
  duplicateTable: '42P07',
  diskFull: '53100',
  tooManyConnections: '53300',
  unsafeNewEnumValueUsage: '55P04',
  objectInUse: '55006',
  lockNotAvailable: '55P03',
  queryCanceled: '57014',
  adminShutdown: '57P01',
  crashShutdown: '57P02',
  cannotConnectNow: '57P03',
  idleSessionTimeout: '57P05',
  internalError: 'XX000',
} as const

/** After one of these the server has closed the connection, whatever language its severity is in. */
const ending: ReadonlySet<string> = new Set([
  sqlstate.idleInTransactionSessionTimeout,
  sqlstate.transactionTimeout,
  sqlstate.adminShutdown,
  sqlstate.crashShutdown,
  sqlstate.idleSessionTimeout,
])

export function endsConnection(code: string): boolean {
  return ending.has(code)
}
