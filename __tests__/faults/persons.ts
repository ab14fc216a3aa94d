import type { Files } from '../support/engine.ts'
import type { Cell } from './cover.ts'

/** A combination that nothing but a person can decide, and what he does when told so. */
export interface Person {
  readonly point: RegExp
  readonly reason: string
  readonly files: (files: Files) => Files
}

const declaredSafe = (files: Files): Files =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name,
      name === '2_kind' ? `-- airlock: retry=safe\n\n${text}` : text,
    ]),
  )

/** Every one of them. A combination that needs a person and isn't here fails the test. */
export const persons: readonly Person[] = [
  {
    point: /^vacuum: (start journaled|at work|done|end, not)/,
    reason:
      'VACUUM leaves nothing in the catalog that tells whether it ran: the person declares with retry=safe that it may run again',
    files: declaredSafe,
  },
]

export const personFor = ({ point }: Pick<Cell, 'point'>): Person | undefined =>
  persons.find((person) => person.point.test(point))
