import { defineCheck, type Finding, type Subject } from '../check.ts'
import { bounded } from '../details.ts'

interface EventTrigger {
  readonly name: string
  readonly event: string
  readonly function: string
  /** Command tags that it fires for; null: all. */
  readonly tags: readonly string[] | null
}

/** Event triggers that are enabled: they may refuse, change or delay any DDL of the migrations. One query. */
export const serverEventTriggers = defineCheck<readonly EventTrigger[]>({
  id: 'server.event-triggers',
  group: 'server',
  title: 'Event triggers',
  severity: 'warn',
  needs: 'GRANT SELECT ON pg_catalog.pg_event_trigger to the role.',
  read: ({ target }) =>
    target.rows<EventTrigger>(
      `select e.evtname::text as name, e.evtevent::text as event,
              pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(f.proname) as function, e.evttags as tags
         from pg_catalog.pg_event_trigger e
         join pg_catalog.pg_proc f on f.oid = e.evtfoid
         join pg_catalog.pg_namespace n on n.oid = f.pronamespace
        where e.evtenabled in ('O', 'A') and e.evtevent <> 'login'
        order by 1`,
    ),
  judge(triggers, subject) {
    const present: Finding =
      triggers.length === 0
        ? { outcome: 'passed', expected: 'none', actual: 'none' }
        : {
            outcome: 'problem',
            expected: 'none',
            actual: triggers.map(({ name }) => name).join(', '),
            reason:
              'An event trigger may refuse, change or delay any statement that changes the catalog; what its function does is not seen.',
            fix: 'Read these functions; where they should not act on migrations, let them leave out this role or application_name.',
            details: bounded(triggers.map(describe)),
          }
    return [present, ...pendingOnes(subject)]
  },
})

function describe({ name, event, function: called, tags }: EventTrigger): string {
  return `${name}: on ${event}${tags === null ? '' : ` for ${tags.join(', ')}`}, calls ${called}()`
}

function pendingOnes({ pending }: Subject): readonly Finding[] {
  const made = pending
    .flatMap(({ script }) => script.statements)
    .find(({ effects }) =>
      effects.some(
        ({ op, object }) => object.kind === 'event trigger' && (op === 'create' || op === 'enable'),
      ),
    )
  if (made === undefined) return []
  return [
    {
      outcome: 'not-checked',
      title: 'Event trigger of the plan itself',
      expected: 'it lets the later statements pass',
      actual: 'not known',
      reason:
        'it fires for every later statement of the plan, and what its function does is not seen',
      fix: 'Put it into the last migration.',
      where: made.where,
    },
  ]
}
