import type pg from 'pg'

/** Without SCRAM-SHA-256-PLUS nothing proves that TLS ends at the server: the password must not be sent at all. */
export function requireChannelBinding(client: pg.Client): void {
  const { connection } = client
  const refuse = () => {
    connection.stream.destroy(
      new Error('channel binding is required, but the server does not offer SCRAM-SHA-256-PLUS'),
    )
  }
  let bound = false
  connection.on('authenticationSASL', (message: { readonly mechanisms: readonly string[] }) => {
    bound = message.mechanisms.includes('SCRAM-SHA-256-PLUS')
    if (!bound) refuse()
  })
  connection.on('authenticationCleartextPassword', refuse)
  connection.on('authenticationMD5Password', refuse)
  connection.on('authenticationOk', () => {
    if (!bound) refuse()
  })
}
