import { ServerError } from '../../postgres/server-error.ts'

/**
 * Asks once more where the connection was lost, by default the same of a session that is connected anew. For what only reads, and for rows of the
 * journal that say the same when they are written twice.
 */
export async function again<Answer>(
  ask: () => Promise<Answer>,
  instead: () => Promise<Answer> = ask,
): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof ServerError) || !error.lost) throw error
    return instead()
  }
}
