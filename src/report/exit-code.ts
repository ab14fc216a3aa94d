import type { Command, RunOutcome } from './types.ts'

/**
 * The exit code of an ending. `rolled-back` is what the command `rollback` is asked for (0) and a failed deployment
 * otherwise (1). A refusal by a gate is 1, one of usage, configuration or unplannable SQL is 2: `refusedWith` says which.
 */
export function exitCodeOf(outcome: RunOutcome, command: Command, refusedWith: 1 | 2 = 2): number {
  switch (outcome) {
    case 'deployed':
    case 'nothing-to-do':
    case 'planned':
    case 'verified':
      return 0
    case 'rolled-back':
      return command === 'rollback' ? 0 : 1
    case 'failed':
      return 1
    case 'refused':
      return refusedWith
    case 'needs-attention':
      return 3
    case 'cancelled':
      return 130
  }
}
