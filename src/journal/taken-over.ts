import { ServerError } from '../postgres/server-error.ts'

/** The SQLSTATE that `airlock.hold_run` raises where another run has raised the epoch. */
export const takenOver = 'AL001'

export function isTakenOver(error: unknown): boolean {
  return error instanceof ServerError && error.code === takenOver
}

/** The last word of a run that was taken over is the other's: what would have been written is left out. */
export async function unlessTakenOver(writing: Promise<void>): Promise<void> {
  try {
    await writing
  } catch (error) {
    if (!isTakenOver(error)) throw error
  }
}
