import { preflightChecks } from '../checks/preflight/registry.ts'
import { Refusal } from '../report/refusal.ts'
import type { AirlockFile, FileSections } from '../runbook/airlock-file.ts'
import { isRecord } from '../runbook/airlock-words.ts'
import { suggestion } from '../runbook/nearest.ts'

/**
 * `preflight.checks` names checks by their ids; the runbook's own schema can't know them.
 *
 * @throws Refusal at the first id that is none, in the file or in any of its targets
 */
export function refuseUnknownChecks(
  airlock: AirlockFile,
  known: readonly string[] = preflightChecks.map(({ id }) => id),
): void {
  const places: readonly FileSections[] = [airlock.sections, ...airlock.targetSections.values()]
  for (const { preflight } of places) {
    const checks = isRecord(preflight?.data) ? preflight.data.checks : undefined
    const unknown = Object.keys(isRecord(checks) ? checks : {}).find((id) => !known.includes(id))
    if (preflight === undefined || unknown === undefined) continue
    throw new Refusal({
      ...preflight.placeOf(['checks', unknown]),
      what: `There is no preflight check "${unknown}"`,
      why: 'A check that does not exist would silently not be made.',
      fix: suggestion(unknown, known),
    })
  }
}
