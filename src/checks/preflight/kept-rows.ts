import { readUndoneVersions, type UndoneVersion } from '../../journal/kept-rows.ts'
import type { PlannedMigration } from '../../plan/types.ts'
import { listed } from '../../report/words.ts'
import { defineCheck, type Finding } from '../check.ts'
import { bounded } from '../details.ts'

const expected = 'no row change of an attempt that was undone would be made a second time'

/**
 * Migrations that an earlier attempt had applied in part or whole, whose catalog was undone and whose committed row changes stayed: the same file would change
 * the rows again. A rollback script is trusted to have taken them back, a file that was changed since to know of them.
 */
export const keptRows = defineCheck<readonly UndoneVersion[]>({
  id: 'drift.kept-rows',
  group: 'drift',
  title: 'rows kept of an attempt that was undone',
  severity: 'fail',
  needs: 'GRANT USAGE ON SCHEMA airlock, SELECT ON airlock.migrations, airlock.steps TO the role.',
  read: ({ target }) => readUndoneVersions(target),
  judge: (undone, { pending }) => {
    const found = pending.flatMap((planned) => findingOf(planned, undone))
    return found.length > 0 ? found : [{ outcome: 'passed', expected, actual: 'none' }]
  },
})

function findingOf(
  { version, name, checksum, rollback, directives, script }: PlannedMigration,
  undone: readonly UndoneVersion[],
): Finding[] {
  if (rollback !== null || directives.retry === 'safe') return []
  const attempt = undone.find((one) => one.version === version && one.checksum === checksum)
  const details = attempt === undefined ? [] : changesOf(attempt)
  if (attempt === undefined || details.length === 0) return []
  return [
    {
      outcome: 'problem',
      title: `rows kept of ${version} ${name}`,
      expected,
      actual: `${listed(details)}, kept when it was undone at ${attempt.undoneAt}`,
      reason:
        'Undoing speaks of the catalog: what this file had done to rows stayed, and the same file would do it again.',
      fix: 'Look at the rows. If doing it again is harmless, or they were taken back by hand, write `-- airlock: retry=safe` into the file; else change the file.',
      where: { file: script.file, line: 1, column: 1 },
      details: bounded(details),
    },
  ]
}

/** 'public.item: 3 updated', a table each. */
function changesOf({ rowEffects }: UndoneVersion): string[] {
  const tables = [...new Set(rowEffects.map(({ table }) => table))]
  return tables.flatMap((table) => {
    const effects = rowEffects.filter((effect) => effect.table === table)
    const words = (['inserted', 'updated', 'deleted'] as const).flatMap((kind) => {
      const rows = effects.reduce((sum, effect) => sum + effect[kind], 0)
      return rows === 0 ? [] : [`${rows} ${kind}`]
    })
    return words.length === 0 ? [] : [`${table}: ${words.join(', ')}`]
  })
}
