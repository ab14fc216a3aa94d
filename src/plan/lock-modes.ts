/** Table-level lock modes, weakest first, as the documentation ("Explicit Locking") names them. */
export const lockModes = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const

export type LockMode = (typeof lockModes)[number]

/** Which modes of others each mode has to wait for: the table of the same page. */
const CONFLICTS: Readonly<Record<LockMode, readonly LockMode[]>> = {
  'ACCESS SHARE': ['ACCESS EXCLUSIVE'],
  'ROW SHARE': ['EXCLUSIVE', 'ACCESS EXCLUSIVE'],
  'ROW EXCLUSIVE': ['SHARE', 'SHARE ROW EXCLUSIVE', 'EXCLUSIVE', 'ACCESS EXCLUSIVE'],
  'SHARE UPDATE EXCLUSIVE': [
    'SHARE UPDATE EXCLUSIVE',
    'SHARE',
    'SHARE ROW EXCLUSIVE',
    'EXCLUSIVE',
    'ACCESS EXCLUSIVE',
  ],
  SHARE: [
    'ROW EXCLUSIVE',
    'SHARE UPDATE EXCLUSIVE',
    'SHARE ROW EXCLUSIVE',
    'EXCLUSIVE',
    'ACCESS EXCLUSIVE',
  ],
  'SHARE ROW EXCLUSIVE': [
    'ROW EXCLUSIVE',
    'SHARE UPDATE EXCLUSIVE',
    'SHARE',
    'SHARE ROW EXCLUSIVE',
    'EXCLUSIVE',
    'ACCESS EXCLUSIVE',
  ],
  EXCLUSIVE: lockModes.slice(1),
  'ACCESS EXCLUSIVE': lockModes,
}

/** The modes that a lock of this mode waits for when another session holds them. */
export function conflictsOf(mode: LockMode): readonly LockMode[] {
  return CONFLICTS[mode]
}

/** As pg_locks.mode spells it: 'AccessExclusiveLock'. */
export function catalogMode(mode: LockMode): string {
  const words = mode.split(' ').map((word) => word.charAt(0) + word.slice(1).toLowerCase())
  return `${words.join('')}Lock`
}

/** Does it keep the application from reading or writing? The weaker modes only keep other DDL and VACUUM away. */
export function isStrong(mode: LockMode): boolean {
  return lockModes.indexOf(mode) >= lockModes.indexOf('SHARE')
}
