import type { Settings } from '../runbook/types.ts'

/** The settings as the journal keeps them: all but the URL, which holds the password. */
export function settingsOnRecord(settings: Settings): Readonly<Record<string, unknown>> {
  const { databaseUrl: _secret, ...rest } = settings
  return rest
}
