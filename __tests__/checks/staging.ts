import type { Arranged } from './scenario.ts'

/** The run is given this database as its staging. */
export const stagingAt = (url: string): Arranged => ({ staging: url })
