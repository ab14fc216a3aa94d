import { quoteName } from '../sql/identifier.ts'
import type { Statement } from '../sql/types.ts'
import type { Finding, Subject } from './check.ts'
import { bounded } from './details.ts'
import { plannedLocks } from './planned-relations.ts'

/** Statements that do something the parse can't see. */
export function hiddenStatements({ pending }: Subject): readonly Statement[] {
  return pending
    .flatMap(({ script }) => script.statements)
    .filter(({ effects }) => effects.some(({ op }) => op === 'unknown'))
}

/**
 * What the plan may lock beyond the tables that were found, in one finding for all checks that look for somebody in the way: `absent` are the
 * places of the planned locks whose relation is not there.
 */
export function unseenLocks(absent: readonly number[], subject: Subject): readonly Finding[] {
  const locks = plannedLocks(subject)
  const missing = absent.flatMap((place) => locks[place] ?? []).filter((one) => !one.mayBeAbsent)
  const hidden = hiddenStatements(subject)
  const where = missing[0]?.where ?? hidden[0]?.where
  if (where === undefined) return []
  return [
    {
      outcome: 'not-checked',
      title: 'locks that the plan may take besides',
      expected: 'every relation that the plan locks is known',
      actual: 'not known',
      reason: [
        ...(missing.length === 0
          ? []
          : [
              `not there yet: ${missing
                .map(({ relation }) => quoteName(relation))
                .slice(0, 5)
                .join(', ')}`,
            ]),
        ...(hidden.length === 0 ? [] : ['what some statements lock and build is not known']),
      ].join('; '),
      where,
      details: bounded([
        ...missing.map(({ relation, where: place }) => lineOf(place, quoteName(relation))),
        ...hidden.map(({ kind, where: place }) => lineOf(place, kind)),
      ]),
    },
  ]
}

function lineOf({ file, line, column }: Statement['where'], what: string): string {
  return `${file}:${line}:${column} ${what}`
}
