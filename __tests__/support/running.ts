import type { EmbeddedServer } from '../../scripts/embedded.ts'

/** Servers started by the global set-up, for the tear-down: both run in the same process, in module registries of their own. */
const holder = globalThis as { runningServers?: EmbeddedServer[] }
holder.runningServers ??= []

export const running: EmbeddedServer[] = holder.runningServers
