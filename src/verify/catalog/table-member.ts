import type { Expectation } from '../../plan/types.ts'
import type { Verification } from '../../report/types.ts'
import type { Scope } from '../scope.ts'
import { judgeAbsence, judgePresence, verification } from '../verification.ts'
import { judgeEnabled } from './enabled.ts'
import type { FactsQuery } from './facts-query.ts'
import { type MemberRow, memberOf, memberValues } from './member.ts'

export interface TableMemberFact extends MemberRow {
  readonly enabled: NonNullable<Expectation['enabled']>
}

interface Source {
  readonly catalog: string
  readonly name: string
  readonly table: string
  readonly enabled: string
}

const policy: Source = { catalog: 'pg_policy', name: 'polname', table: 'polrelid', enabled: "'O'" }
const rule: Source = {
  catalog: 'pg_rewrite',
  name: 'rulename',
  table: 'ev_class',
  enabled: 'm.ev_enabled',
}

type Read = (expectations: readonly Expectation[], scope: Scope) => FactsQuery<TableMemberFact>

export const readPolicies: Read = (...parts) => readMembers(policy, ...parts)
export const readRules: Read = (...parts) => readMembers(rule, ...parts)

function readMembers(
  source: Source,
  expectations: readonly Expectation[],
  scope: Scope,
): FactsQuery<TableMemberFact> {
  return {
    text: `
    select n.nspname as schema, c.relname as "table", m.${source.name} as name, ${source.enabled} as enabled
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.${source.catalog} m on m.${source.table} = c.oid and m.${source.name} = any ($3)
    where c.relkind in ('r', 'p', 'f', 'v', 'm') and c.relname = any ($1) and n.nspname = any ($2)
    order by 1, 2, 3
    `,
    values: memberValues(expectations, scope),
  }
}

/** Policies and rules: whether they are on that table, and enabled as expected. */
export function judgeMember(
  expectation: Expectation,
  facts: readonly TableMemberFact[],
  scope: Scope,
): Verification {
  const { object, state, enabled } = expectation
  const found = memberOf(facts, object, scope)
  const judge = () => {
    if (state === 'absent') return judgeAbsence(found !== null)
    if (enabled !== undefined) return judgeEnabled(enabled, found?.enabled ?? null)
    return judgePresence(found !== null)
  }
  return verification(expectation, scope, judge())
}
