import { guardQuery } from '../observe/disk.ts'
import { Refusal } from '../report/refusal.ts'
import type { AirlockFile, FileSections } from '../runbook/airlock-file.ts'
import { isRecord } from '../runbook/airlock-words.ts'
import { loadParser } from '../sql/parser.ts'

/**
 * Reads disk-guard.query of the file and of its targets, which the runbook's own schema can't parse.
 *
 * @throws Refusal at its place in airlock.yml for what is not one query that only reads
 */
export async function refuseGuardQueries(airlock: AirlockFile): Promise<void> {
  const places: readonly FileSections[] = [airlock.sections, ...airlock.targetSections.values()]
  for (const { 'disk-guard': guard } of places) {
    const query = isRecord(guard?.data) ? guard.data.query : undefined
    if (guard === undefined || typeof query !== 'string') continue
    await loadParser()
    try {
      guardQuery(query)
    } catch (error) {
      throw error instanceof Refusal
        ? new Refusal({ ...error.parts, ...guard.placeOf(['query']) })
        : error
    }
  }
}
