import type { Expectation } from '../../plan/types.ts'
import type { Verification } from '../../report/types.ts'
import type { ColumnDefinition } from '../../sql/types.ts'
import { asExpressions, exactly, type Likeness, together } from '../likeness.ts'
import { lastName, type Scope, sameType } from '../scope.ts'
import { judgeAbsence, judgeDefinition, judgePresence, verification } from '../verification.ts'
import { describeColumn } from './column-words.ts'
import type { FactsQuery } from './facts-query.ts'
import { type MemberRow, memberOf, memberValues } from './member.ts'

export interface ColumnFact extends MemberRow {
  readonly type: string
  /** And no old row may be NULL either. */
  readonly notNull: boolean
  readonly default: string | null
  readonly identity: ColumnDefinition['identity']
  readonly generated: ColumnDefinition['generated']
  /** Null where it is the type's own. */
  readonly collation: string | null
  /** The default takes values from a sequence that belongs to the column: serial. */
  readonly serial: boolean
}

/** Columns of the expected names. Virtual generated ones are of 18, and attnotnull of a column whose NOT NULL is NOT VALID. */
export function readColumns(
  expectations: readonly Expectation[],
  scope: Scope,
): FactsQuery<ColumnFact> {
  return {
    text: `
    select n.nspname as schema, c.relname as "table", a.attname as name,
      pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
      a.attnotnull and not exists (
        select from pg_catalog.pg_constraint k
         where k.conrelid = a.attrelid and k.contype = 'n' and k.conkey[1] = a.attnum and not k.convalidated
      ) as "notNull",
      case when a.atthasdef then (
        select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d
         where d.adrelid = a.attrelid and d.adnum = a.attnum
      ) end as "default",
      case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity,
      case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end as generated,
      case when a.attcollation <> (select t.typcollation from pg_catalog.pg_type t where t.oid = a.atttypid)
        then (select l.collname from pg_catalog.pg_collation l where l.oid = a.attcollation) end as collation,
      a.atthasdef and a.attidentity = '' and exists (
        select from pg_catalog.pg_depend o
         where o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
           and o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           and o.refobjid = c.oid and o.refobjsubid = a.attnum and o.deptype = 'a'
      ) as serial
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_attribute a
      on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname = any ($3)
    where c.relkind in ('r', 'p', 'f', 'v', 'm', 'c') and c.relname = any ($1) and n.nspname = any ($2)
    order by 1, 2, 3
    `,
    values: memberValues(expectations, scope),
  }
}

export function judgeColumn(
  expectation: Expectation,
  facts: readonly ColumnFact[],
  scope: Scope,
): Verification {
  const { object, state, column: wanted } = expectation
  const found = memberOf(facts, object, scope)
  const judge = () => {
    if (state === 'absent') return judgeAbsence(found !== null)
    if (wanted === undefined || Object.keys(wanted).length === 0)
      return judgePresence(found !== null)
    return judgeDefinition(
      expectation,
      { definition: describeColumn(wanted), state: '' },
      found === null ? null : { definition: describeColumn(only(wanted, found)), state: '' },
      found === null ? 'different' : compareColumn(wanted, found),
    )
  }
  return verification(expectation, scope, judge())
}

/** Only what the script says of the column is compared. */
function compareColumn(wanted: Partial<ColumnDefinition>, fact: ColumnFact): Likeness {
  const parts: Likeness[] = []
  if (wanted.type !== undefined) parts.push(exactly(true, sameType(wanted.type, fact.type)))
  if (wanted.notNull !== undefined) parts.push(exactly(wanted.notNull, fact.notNull))
  if (wanted.identity !== undefined) parts.push(exactly(wanted.identity, fact.identity))
  if (wanted.generated !== undefined) parts.push(exactly(wanted.generated, fact.generated))
  if (wanted.default !== undefined) parts.push(compareDefault(wanted.default, fact))
  // Written out, a collation may also be the type's own, which is stored no other way than by default.
  if (wanted.collation != null && fact.collation !== null) {
    parts.push(exactly(lastName(wanted.collation), fact.collation))
  }
  if (wanted.collation === null) parts.push(exactly(null, fact.collation))
  return together(parts)
}

/** serial is an integer to the parse; its default, from a sequence of the column's own that the server names, is none that was written. */
function compareDefault(wanted: string | null, fact: ColumnFact): Likeness {
  return wanted === null && fact.serial ? 'same' : asExpressions(wanted, fact.default)
}

/** What was found, of the parts that are expected. */
function only(wanted: Partial<ColumnDefinition>, fact: ColumnFact): Partial<ColumnDefinition> {
  return {
    ...(wanted.type === undefined ? {} : { type: fact.type }),
    ...(wanted.notNull === undefined ? {} : { notNull: fact.notNull }),
    ...(wanted.default === undefined ? {} : { default: fact.default }),
    ...(wanted.identity === undefined ? {} : { identity: fact.identity }),
    ...(wanted.generated === undefined ? {} : { generated: fact.generated, default: fact.default }),
    ...(wanted.collation === undefined ? {} : { collation: fact.collation }),
  }
}
