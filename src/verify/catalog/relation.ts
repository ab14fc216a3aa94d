import type { Expectation } from '../../plan/types.ts'
import type { Verification } from '../../report/types.ts'
import type { ObjectKind } from '../../sql/types.ts'
import { meansName, printName, reach, type Scope, schemasOf } from '../scope.ts'
import { type Judgement, judgeAbsenceOnPath, judgePresence, verification } from '../verification.ts'
import type { FactsQuery } from './facts-query.ts'

export interface RelationFact {
  readonly schema: string
  readonly name: string
  /** pg_class.relkind. */
  readonly kind: string
  readonly rowSecurity: boolean
  readonly forced: boolean
  readonly parentSchema: string | null
  readonly parentName: string | null
  /** DETACH … CONCURRENTLY has begun and not ended (14). */
  readonly detaching: boolean
}

/** Tables, views, materialized views, sequences, foreign tables of the expected names, with their parent where they are partitions. */
export function readRelations(
  expectations: readonly Expectation[],
  scope: Scope,
): FactsQuery<RelationFact> {
  return {
    text: `
    select n.nspname as schema, c.relname as name, c.relkind as kind,
      c.relrowsecurity as "rowSecurity", c.relforcerowsecurity as forced,
      pn.nspname as "parentSchema", p.relname as "parentName", coalesce(i.inhdetachpending, false) as detaching
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_inherits i on i.inhrelid = c.oid and c.relispartition
    left join pg_catalog.pg_class p on p.oid = i.inhparent
    left join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and c.relname = any ($1) and n.nspname = any ($2)
    order by 1, 2
    `,
    values: [
      expectations.flatMap(({ object }) => object.name ?? []),
      schemasOf(expectations, scope),
    ],
  }
}

const kinds: Readonly<Partial<Record<ObjectKind, string>>> = {
  table: 'rp',
  'foreign table': 'f',
  view: 'v',
  'materialized view': 'm',
  sequence: 'S',
}

const words: Readonly<Record<string, string>> = {
  r: 'a table',
  p: 'a partitioned table',
  f: 'a foreign table',
  v: 'a view',
  m: 'a materialized view',
  S: 'a sequence',
}

export function judgeRelation(
  expectation: Expectation,
  facts: readonly RelationFact[],
  scope: Scope,
): Verification {
  const { object, state, partition } = expectation
  // ALTER TABLE and ATTACH PARTITION take foreign tables too.
  const wanted = `${kinds[object.kind] ?? ''}${partition === undefined ? '' : 'f'}`
  const named = facts.filter(({ name }) => name === object.name)
  const judge = () => {
    if (state === 'absent') {
      const same = named.filter(({ kind }) => wanted.includes(kind))
      return judgeAbsenceOnPath(reach(same, object.schema, scope), expectation, scope)
    }
    const found = reach(named, object.schema, scope)
    if (found !== null && !wanted.includes(found.kind)) return anotherKind(found)
    return found === null ? judgePresence(false) : judgeTable(expectation, found, scope)
  }
  return verification(expectation, scope, judge())
}

/** Relations of all kinds share their names: IF NOT EXISTS is content with a view where a table was meant. */
function anotherKind({ kind }: RelationFact): Judgement {
  return { expected: 'present', actual: words[kind] ?? 'another relation', outcome: 'failed' }
}

function judgeTable({ partition, rowSecurity }: Expectation, fact: RelationFact, scope: Scope) {
  const pairs: { readonly expected: string; readonly actual: string }[] = []
  if (partition !== undefined) {
    const { schema, name } = partition.parent
    const attached = isPartitionOf(fact, { schema, name }, scope) && !fact.detaching
    const parent = printName(partition.parent, scope)
    const word = (is: boolean) => (is ? `partition of ${parent}` : `no partition of ${parent}`)
    pairs.push({
      expected: word(partition.attached),
      actual: fact.detaching ? 'being detached' : word(attached),
    })
  }
  if (rowSecurity?.enabled !== undefined) {
    const word = (on: boolean) => `row security ${on ? 'enabled' : 'disabled'}`
    pairs.push({ expected: word(rowSecurity.enabled), actual: word(fact.rowSecurity) })
  }
  if (rowSecurity?.forced !== undefined) {
    const word = (on: boolean) => (on ? 'forced for the owner' : 'not forced for the owner')
    pairs.push({ expected: word(rowSecurity.forced), actual: word(fact.forced) })
  }
  if (pairs.length === 0) return judgePresence(true)
  const same = pairs.every(({ expected, actual }) => expected === actual)
  return {
    expected: pairs.map(({ expected }) => expected).join(', '),
    actual: pairs.map(({ actual }) => actual).join(', '),
    outcome: same ? 'passed' : 'failed',
  } as const
}

function isPartitionOf(
  { parentSchema, parentName }: RelationFact,
  parent: NonNullable<Expectation['partition']>['parent'],
  scope: Scope,
): boolean {
  if (parentSchema === null || parentName === null) return false
  return meansName(parent, { schema: parentSchema, name: parentName }, scope)
}
