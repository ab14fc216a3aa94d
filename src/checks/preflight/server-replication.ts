import { type TouchedTable, touchedTables } from '../../plan/touched-tables.ts'
import { quoteName } from '../../sql/identifier.ts'
import { defineCheck, type Finding, type Subject } from '../check.ts'
import { bounded } from '../details.ts'
import { hasIdentity, type PublishedTable, readTables } from '../replication/tables.ts'

interface Facts {
  readonly tables: readonly PublishedTable[]
  /** FOR ALL TABLES. */
  readonly ofAllTables: readonly string[]
  readonly publications: number
  /** Logical slots that decode this database: 'name (plugin, active)'. */
  readonly slots: readonly string[]
}

/**
 * Logical replication passes rows on, never DDL: a published table needs the same columns on the other side, and UPDATE and DELETE of one without
 * a replica identity are refused (55000). Two queries.
 */
export const serverReplication = defineCheck<Facts>({
  id: 'server.replication',
  group: 'server',
  title: 'Logical replication of the tables to be changed',
  severity: 'warn',
  needs: 'Every role may read pg_publication_tables and pg_replication_slots.',
  read: async ({ target }, subject) => {
    const touched = touchedTables(subject.pending, subject)
    const [overview] = await target.rows<Omit<Facts, 'tables'>>(
      `select array(select pubname::text from pg_catalog.pg_publication where puballtables order by 1) as "ofAllTables",
              (select pg_catalog.count(*)::int4 from pg_catalog.pg_publication) as publications,
              array(select slot_name || ' (' || plugin || case when active then ', active)' else ', inactive)' end
                      from pg_catalog.pg_replication_slots
                     where slot_type = 'logical' and database = pg_catalog.current_database() order by 1) as slots`,
    )
    if (overview === undefined) throw new Error('a query without FROM returned nothing')
    const tables = await readTables(target, touched)
    return { tables, ...overview }
  },
  judge(facts, subject) {
    const touched = touchedTables(subject.pending, subject)
    const problems = [...withoutIdentity(facts, touched), ...differentOrder(facts, touched)]
    const unseen = [...notFound(facts, touched), ...unknownTables(facts, subject)]
    if (problems.length > 0 || unseen.length > 0) return [...problems, ...unseen]
    const actual =
      facts.publications === 0 && facts.slots.length === 0
        ? 'no publication, no logical slot'
        : `none of the ${touched.length} changes concerns a published table`
    return [{ outcome: 'passed', expected: 'nothing that a subscriber must have first', actual }]
  },
})

/** Names that nothing is known of: SQL that the parse can't see makes them, or a migration fails. */
function notFound(facts: Facts, touched: readonly TouchedTable[]): readonly Finding[] {
  if (facts.publications === 0 && facts.slots.length === 0) return []
  const places = new Set(facts.tables.map(({ place }) => place))
  const absent = touched.filter(({ created }, place) => !created && !places.has(place))
  const [first] = absent
  if (first === undefined) return []
  return [
    {
      outcome: 'not-checked',
      title: 'Logical replication of tables that are not there yet',
      expected: 'nothing that a subscriber must have first',
      actual: 'not known',
      reason: `there is no table ${quoteName(first.table)} yet`,
      where: first.where,
      details: bounded([...new Set(absent.map(({ table }) => quoteName(table)))]),
    },
  ]
}

function withoutIdentity({ tables }: Facts, touched: readonly TouchedTable[]): readonly Finding[] {
  return tables.flatMap(({ place, publications, ...table }): Finding[] => {
    const change = touched[place]
    if (change === undefined || hasIdentity({ place, ...table }, change.identity)) return []
    const how = change.how === 'UPDATE' ? 'update' : change.how === 'DELETE' ? 'delete' : null
    const publishing = how === null ? [] : publications.filter((each) => each[how])
    if (publishing.length === 0) return []
    const name = quoteName(table)
    const about = {
      title: `Replica identity of ${name}`,
      expected: `a replica identity, since it is published by ${namesOf(publishing)}`,
      actual: 'none',
    }
    if (change.doubt !== null) {
      return [{ outcome: 'not-checked', ...about, reason: change.doubt, where: change.where }]
    }
    return [
      {
        outcome: 'problem',
        severity: 'fail',
        ...about,
        reason: `${change.how} of a published table without a replica identity is refused (55000).`,
        fix: `Give it a primary key, or: ALTER TABLE ${name} REPLICA IDENTITY FULL;`,
        where: change.where,
      },
    ]
  })
}

function namesOf(publications: readonly { readonly name: string }[]): string {
  return publications.map(({ name }) => name).join(', ')
}

/** What both sides must have, in which order: the subscriber must know a column before it gets values of it, the publisher must stop sending it first. */
function differentOrder(facts: Facts, touched: readonly TouchedTable[]): readonly Finding[] {
  const changed = touched.flatMap((change, place) => {
    if (change.how === 'UPDATE' || change.how === 'DELETE') return []
    const found = facts.tables.find((table) => table.place === place)
    const publications =
      found === undefined ? facts.ofAllTables : found.publications.map(({ name }) => name)
    return publications.length === 0 && facts.slots.length === 0 ? [] : [{ change, publications }]
  })
  const [first] = changed
  if (first === undefined) return []
  const { change } = first
  const adds = changed.some((each) => each.change.how === 'ADD')
  const removes = changed.some((each) => each.change.how !== 'ADD')
  const slots = facts.slots.length === 0 ? '' : `; logical slots: ${facts.slots.join(', ')}`
  return [
    {
      outcome: 'problem',
      expected: 'nothing that a subscriber must have first',
      actual: `${changed.length} changes of tables that logical replication may pass on${slots}`,
      reason:
        'Logical replication passes on rows, not DDL: apply of a subscriber stops at the first row that its table can’t take.',
      fix: [
        ...(adds
          ? ['Subscriber first for added columns and tables: run these migrations there before.']
          : []),
        ...(removes
          ? [
              'Publisher first for what is dropped; for renames and type changes stop writing, change both sides, go on.',
            ]
          : []),
      ].join(' '),
      where: change.where,
      details: bounded(changed.map(detail)),
    },
  ]
}

function detail({
  change,
  publications,
}: {
  readonly change: TouchedTable
  readonly publications: readonly string[]
}): string {
  const { where, statement, how, table } = change
  const side =
    how === 'ADD' ? 'subscriber first' : how === 'REMOVE' ? 'publisher first' : 'both at once'
  const by = publications.length === 0 ? '' : `, published by ${publications.join(', ')}`
  return `${where.file}:${where.line}:${where.column} ${statement} ${quoteName(table)}${by}: ${side}`
}

function unknownTables({ publications, slots }: Facts, { pending }: Subject): readonly Finding[] {
  if (publications === 0 && slots.length === 0) return []
  const hidden = pending
    .flatMap(({ script }) => script.statements)
    .find(({ effects }) => effects.some(({ op }) => op === 'unknown'))
  if (hidden === undefined) return []
  return [
    {
      outcome: 'not-checked',
      title: 'Logical replication of what the parse can’t see',
      expected: 'nothing that a subscriber must have first',
      actual: 'not known',
      reason: `which tables ${hidden.kind} changes is not known`,
      where: hidden.where,
    },
  ]
}
