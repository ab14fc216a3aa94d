import { excerptAt, type Place, Refusal } from '../report/refusal.ts'
import type { Script } from '../sql/types.ts'

/** A refusal that blames a place of a script, with the line and a caret. */
export function refusalAt(
  script: Pick<Script, 'source'>,
  where: Place,
  parts: { readonly what: string; readonly why: string; readonly fix: string },
): Refusal {
  const excerpt = excerptAt(script.source, where.line, where.column)
  return new Refusal({ ...parts, where, excerpt })
}
