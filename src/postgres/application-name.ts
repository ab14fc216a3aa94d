/** NAMEDATALEN - 1: longer ones are cut by the server. */
const limit = 63
const prefix = 'pg-airlock'

export interface ApplicationName {
  readonly run: string
  readonly role: string
  readonly version?: string
}

/** 'pg-airlock <run> <role> <version>', ASCII, at most 63 bytes: what pg_stat_activity shows of a run, by which a rerun finds its orphans. */
export function applicationName(run: string, role: string, version?: string): string {
  const words = [prefix, run, role, ...(version === undefined ? [] : [version])]
  // Others than printable ASCII become question marks on the server, and blanks part the words.
  return words
    .map((word) => word.replaceAll(/[^!-~]/g, '_'))
    .join(' ')
    .slice(0, limit)
}

/** Null where the name is none of ours. A version may have been cut. */
export function parseApplicationName(name: string): ApplicationName | null {
  const [first, run, role, version] = name.split(' ')
  if (first !== prefix || run === undefined || role === undefined) return null
  return { run, role, ...(version === undefined ? {} : { version }) }
}

/** What all sessions of a run have in common: the start of their names. Without a run: of all runs. */
export function applicationPrefix(run?: string): string {
  return run === undefined ? `${prefix} ` : `${prefix} ${run} `
}
