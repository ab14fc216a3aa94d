/** The hazards that a directive may allow, by id. The plan judges them; here they only have names. */
export const HAZARDS = [
  'data-loss',
  'empty-file',
  'enum-in-transaction',
  'irreversible',
  'long-lock',
  'not-atomic',
  'own-commit',
  'own-rollback',
  'reset-session',
  'set-timeout',
  'state-lost',
  'unknown-effects',
  'validate-in-transaction',
  'validate-together',
] as const

export type Hazard = (typeof HAZARDS)[number]
