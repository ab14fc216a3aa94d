import type { Settings } from '../runbook/types.ts'

/** The settings as the journal keeps them: all but the URLs, which hold passwords. */
export function settingsOnRecord(settings: Settings): Readonly<Record<string, unknown>> {
  const { databaseUrl: _target, stagingUrl: _staging, ...rest } = settings
  return rest
}
