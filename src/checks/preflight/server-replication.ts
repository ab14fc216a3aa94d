import { type TouchedTable, touchedTables } from '../../plan/touched-tables.ts'
import { quoteName } from '../../sql/identifier.ts'
import { defineCheck, type Finding, type Subject } from '../check.ts'

interface Table {
  /** Place in the list of touched tables. */
  readonly place: number
  readonly schema: string
  readonly name: string
  readonly hasIdentity: boolean
  /** Publications that hold it, with the row changes that each passes on. */
  readonly publications: readonly {
    readonly name: string
    readonly update: boolean
    readonly delete: boolean
  }[]
}

interface Facts {
  readonly tables: readonly Table[]
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
  read: async ({ target }, { pending, searchPath }) => {
    const touched = touchedTables(pending)
    const [overview] = await target.rows<Omit<Facts, 'tables'>>(
      `select array(select pubname::text from pg_catalog.pg_publication where puballtables order by 1) as "ofAllTables",
              (select pg_catalog.count(*)::int4 from pg_catalog.pg_publication) as publications,
              array(select slot_name || ' (' || plugin || case when active then ', active)' else ', inactive)' end
                      from pg_catalog.pg_replication_slots
                     where slot_type = 'logical' and database = pg_catalog.current_database() order by 1) as slots`,
    )
    if (overview === undefined) throw new Error('a query without FROM returned nothing')
    const tables = await target.rows<Table>(TABLES, [
      touched.map((_, place) => String(place)),
      touched.map(({ table }) => table.schema ?? ''),
      touched.map(({ table }) => table.name),
      searchPath,
    ])
    return { tables, ...overview }
  },
  judge(facts, subject) {
    const touched = touchedTables(subject.pending)
    const problems = [...withoutIdentity(facts, touched), ...differentOrder(facts, touched)]
    const unseen = unknownTables(facts, subject)
    if (problems.length > 0 || unseen.length > 0) return [...problems, ...unseen]
    const actual =
      facts.publications === 0 && facts.slots.length === 0
        ? 'no publication, no logical slot'
        : `none of the ${touched.length} changes concerns a published table`
    return [{ outcome: 'passed', expected: 'nothing that a subscriber must have first', actual }]
  },
})

const TABLES = `
select distinct on (w.place) w.place, n.nspname::text as schema, c.relname::text as name,
       case c.relreplident
         when 'f' then true
         when 'n' then false
         when 'i' then exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisreplident)
         else exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary)
       end as "hasIdentity",
       coalesce((select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', p.pubname, 'update', p.pubupdate, 'delete', p.pubdelete) order by p.pubname)
                   from pg_catalog.pg_publication_tables t
                   join pg_catalog.pg_publication p on p.pubname = t.pubname
                  where t.schemaname = n.nspname and t.tablename = c.relname), '[]') as publications
  from rows from (pg_catalog.unnest($1::pg_catalog.int4[]), pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[]))
       as w (place, schema, name)
  join pg_catalog.pg_class c on c.relname = w.name and c.relkind in ('r', 'p')
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where case w.schema when '' then n.nspname = any ($4::pg_catalog.text[]) else n.nspname = w.schema end
 order by w.place, pg_catalog.array_position($4::pg_catalog.text[], n.nspname::pg_catalog.text)`

function withoutIdentity({ tables }: Facts, touched: readonly TouchedTable[]): readonly Finding[] {
  return tables.flatMap(({ place, hasIdentity, publications, ...table }): Finding[] => {
    const change = touched[place]
    if (change === undefined || hasIdentity) return []
    const how = change.how === 'UPDATE' ? 'update' : change.how === 'DELETE' ? 'delete' : null
    const publishing = how === null ? [] : publications.filter((each) => each[how])
    if (publishing.length === 0) return []
    const name = quoteName(table)
    return [
      {
        outcome: 'problem',
        severity: 'fail',
        title: `Replica identity of ${name}`,
        expected: `a replica identity, since it is published by ${namesOf(publishing)}`,
        actual: 'none',
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
      details: changed.map(detail).slice(0, 100),
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
