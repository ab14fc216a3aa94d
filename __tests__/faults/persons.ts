import type { Files } from '../support/engine.ts'
import type { Cell } from './cover.ts'

/** A combination that nothing but a person can decide, and what he does when told so. */
export interface Person {
  readonly point: RegExp
  readonly fault?: RegExp
  readonly reason: string
  /** What he runs before he deploys again, where the disturbed run ended with exit 3. */
  readonly sql?: string
  /** How he changes the files where the next run too ended with exit 3. */
  readonly files?: (files: Files) => Files
}

const declaredSafe = (files: Files): Files =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name,
      name === '2_kind' ? `-- airlock: retry=safe\n\n${text}` : text,
    ]),
  )

/** Ended half way, a DETACH can only be brought to its end; then the partition is attached again. */
const attachAgain = `do $$ begin
  if exists (select from pg_inherits where inhrelid = 'event_old'::regclass and inhdetachpending) then
    alter table event detach partition event_old finalize;
  end if;
  alter table event_old drop constraint if exists event_old_at_check;
  if not exists (select from pg_inherits where inhrelid = 'event_old'::regclass) then
    alter table event attach partition event_old for values from ('2024-01-01') to ('2025-01-01');
  end if;
end $$`

/** Every one of them. A combination that needs a person and isn't here fails the test. */
export const persons: readonly Person[] = [
  {
    point: /^vacuum: /,
    reason:
      'VACUUM leaves nothing in the catalog that tells whether it ran: the person declares with retry=safe that it may run again',
    files: declaredSafe,
  },
  {
    point: /^detach: /,
    reason:
      'DETACH … CONCURRENTLY can only go forward, and leaves a constraint behind: the report shows the difference, and the person attaches the partition again',
    sql: attachAgain,
  },
  {
    point: /in the verify script/,
    fault: /cancelled|SIG/,
    reason:
      'a verification that was cut off proves nothing, so the migration is undone; its committed rows are named as kept, and the person takes them back',
    sql: `update counter set n = n - 1 where name = 'a'; update item set touched = touched - 1 where id = 1; delete from log where line = 'kind'`,
  },
]

export const personFor = (cell: Pick<Cell, 'point' | 'fault'>): Person | undefined =>
  persons.find(({ point, fault }) => point.test(cell.point) && fault?.test(cell.fault) !== false)
