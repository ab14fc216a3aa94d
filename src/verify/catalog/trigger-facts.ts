import type { Expectation } from '../../plan/types.ts'
import type { TriggerDefinition } from '../../sql/types.ts'
import type { Scope } from '../scope.ts'
import type { FactsQuery } from './facts-query.ts'
import { type MemberRow, memberValues } from './member.ts'

export interface TriggerFact extends MemberRow {
  readonly functionSchema: string
  readonly functionName: string
  readonly timing: TriggerDefinition['timing']
  readonly events: readonly string[]
  readonly forEach: TriggerDefinition['forEach']
  readonly columns: readonly string[]
  readonly constraint: boolean
  readonly deferrable: boolean
  readonly initiallyDeferred: boolean
  /** Transition tables: 'OLD TABLE AS name', 'NEW TABLE AS name'. */
  readonly referencing: readonly string[]
  /** The whole definition, where the trigger has a WHEN or arguments. */
  readonly definition: string | null
  readonly enabled: NonNullable<Expectation['enabled']>
}

/** Triggers of the expected names; those that the server makes for foreign keys and partitions' copies of a parent's are none of them. */
export function readTriggers(
  expectations: readonly Expectation[],
  scope: Scope,
): FactsQuery<TriggerFact> {
  return {
    text: `
    select n.nspname as schema, c.relname as "table", t.tgname as name,
      (select fn.nspname from pg_catalog.pg_proc f join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
        where f.oid = t.tgfoid) as "functionSchema",
      (select f.proname from pg_catalog.pg_proc f where f.oid = t.tgfoid) as "functionName",
      case when t.tgtype & 2 = 2 then 'before' when t.tgtype & 64 = 64 then 'instead of' else 'after' end as timing,
      pg_catalog.to_json(pg_catalog.array_remove(array[
        case when t.tgtype & 4 = 4 then 'INSERT' end, case when t.tgtype & 8 = 8 then 'DELETE' end,
        case when t.tgtype & 16 = 16 then 'UPDATE' end, case when t.tgtype & 32 = 32 then 'TRUNCATE' end
      ], null)) as events,
      case when t.tgtype & 1 = 1 then 'row' else 'statement' end as "forEach",
      pg_catalog.to_json(array(
        select a.attname from pg_catalog.unnest(t.tgattr::int2[]) as u (number)
          join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = u.number
      )) as columns,
      t.tgconstraint <> 0 as constraint, t.tgdeferrable as deferrable, t.tginitdeferred as "initiallyDeferred",
      pg_catalog.to_json(pg_catalog.array_remove(array[
        'OLD TABLE AS ' || pg_catalog.quote_ident(t.tgoldtable), 'NEW TABLE AS ' || pg_catalog.quote_ident(t.tgnewtable)
      ], null)) as referencing,
      case when t.tgqual is not null or t.tgnargs > 0 then pg_catalog.pg_get_triggerdef(t.oid) end as definition,
      t.tgenabled as enabled
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal and t.tgname = any ($3)
    where c.relkind in ('r', 'p', 'f', 'v') and c.relname = any ($1) and n.nspname = any ($2)
    order by 1, 2, 3
    `,
    values: memberValues(expectations, scope),
  }
}
