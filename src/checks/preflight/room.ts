import { schemasOf } from '../../plan/effect-path.ts'
import { builds } from '../../plan/room.ts'
import type { Session } from '../../postgres/types.ts'
import { sizeText } from '../../report/size-text.ts'
import type { Preflight } from '../../runbook/gates/preflight.ts'
import { queryShape } from '../../sql/query-shape.ts'
import { parseScript } from '../../sql/script.ts'
import { defineCheck, type Finding, type Subject } from '../check.ts'
import { bounded } from '../details.ts'

interface Estimate {
  readonly what: string
  readonly bytes: number
  /** False: the table was never analysed, or its statistics are hidden; widths are those of the types. */
  readonly measured: boolean
}

interface Facts {
  readonly estimates: readonly Estimate[]
  /** What is built on relations that are not there. */
  readonly absent: readonly string[]
  /** Null: not configured. A text: why it could not be had. */
  readonly free: number | string | null
}

/** Room for what the plan builds and rewrites, all of it together, beside the free space that airlock.yml states. */
export const room = defineCheck<Facts>({
  id: 'risk.room',
  group: 'risk',
  title: 'room for new indexes and rewrites',
  severity: 'fail',
  needs: 'Allow the role what the query of preflight.free-space reads.',
  volatile: true,
  applies: ({ pending }) => builds(pending).length > 0,
  read: async ({ target }, subject) => ({
    ...(await readEstimates(target, subject)),
    free: await readFree(target, subject.preflight['free-space']),
  }),
  judge: (facts) => [...judged(facts), ...notFound(facts)],
})

function judged({ estimates, free }: Facts): readonly Finding[] {
  const needed = estimates.reduce((sum, { bytes }) => sum + bytes, 0)
  const details = bounded(estimates.map(lineOf))
  const expected = `about ${sizeText(needed)} free`
  if (typeof free !== 'number') return [unknown(expected, free, details)]
  const actual = `${sizeText(free)} free`
  if (needed <= free) return [{ outcome: 'passed', expected, actual, details }]
  return [
    {
      outcome: 'problem',
      expected,
      actual,
      reason:
        'New indexes and rewritten tables stand beside the old ones until they are done, WAL and sort files come on top: a full disk stops the server.',
      fix: 'Make room, or correct preflight.free-space.',
      details,
    },
  ]
}

function notFound({ absent }: Facts): readonly Finding[] {
  if (absent.length === 0) return []
  return [
    {
      outcome: 'not-checked',
      title: 'room for what is built on relations that are not there yet',
      expected: 'a size',
      actual: 'not known',
      reason: `there is nothing yet to measure for ${absent.slice(0, 5).join(', ')}`,
      details: bounded(absent),
    },
  ]
}

function unknown(expected: string, why: string | null, details: readonly string[]): Finding {
  return {
    outcome: 'not-checked',
    expected,
    actual: 'not known',
    reason: why ?? 'SQL can’t tell how much room a server has, and preflight.free-space is not set',
    fix: 'Set preflight.free-space: a size (20GB), or query: a SELECT that returns the free bytes from your monitoring.',
    details,
  }
}

function lineOf({ what, bytes, measured }: Estimate): string {
  const basis = measured ? '' : ' (without statistics)'
  return `${what}: about ${sizeText(bytes)}${basis}`.replaceAll(/\s+/g, ' ')
}

async function readEstimates(
  session: Session,
  subject: Subject,
): Promise<Pick<Facts, 'estimates' | 'absent'>> {
  const all = builds(subject.pending)
  const given = all.map((build, id) => {
    const { relation, kind, columns, expressions } = build
    const schemas = schemasOf(relation, build, subject)
    return { id, name: relation.name, schemas, kind, columns, expressions }
  })
  const rows = await session.rows<{ id: number; bytes: number; measured: boolean }>(estimateQuery, [
    JSON.stringify(given),
  ])
  const measured = new Set(rows.map(({ id }) => id))
  return {
    estimates: rows.map(({ id, ...rest }) => ({ what: all[id]?.what ?? '', ...rest })),
    absent: all
      .filter(({ mayBeAbsent }, id) => !mayBeAbsent && !measured.has(id))
      .map(({ what }) => what),
  }
}

/**
 * A B-tree's leaf entry: 8 bytes of header, 4 of line pointer, the keys padded to 8; pages are filled to 90 %. Rows by reltuples (-1 since 14: never
 * analysed), widths by pg_stats where the role may see them, else by the type. GIN and others come out roughly. A rewrite writes table, TOAST
 * and indexes once more.
 */
const estimateQuery = `
with recursive given as (
  select * from pg_catalog.jsonb_to_recordset($1::pg_catalog.jsonb)
    as g (id pg_catalog.int4, schemas pg_catalog.text[], name pg_catalog.text, kind pg_catalog.text, columns pg_catalog.text[], expressions pg_catalog.int4)
), family (id, kind, columns, expressions, oid) as (
  select g.id, g.kind, g.columns, g.expressions, c.oid
  from given g
  cross join lateral (
    select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relname::pg_catalog.text = g.name
      and n.nspname::pg_catalog.text = any (g.schemas)
    order by pg_catalog.array_position(g.schemas, n.nspname::pg_catalog.text) limit 1
  ) c
  union
  select f.id, f.kind, f.columns, f.expressions, h.inhrelid
  from family f join pg_catalog.pg_class c on c.oid = f.oid join pg_catalog.pg_inherits h on h.inhparent = f.oid
  where c.relkind in ('p', 'I') or f.kind = 'rewrite'
), member as (
  select f.*, c.relkind, c.reltuples >= 0 as analysed, pg_catalog.pg_relation_size(c.oid) as size,
         case when c.reltuples < 0 then pg_catalog.pg_relation_size(c.oid) / 64.0 else c.reltuples::pg_catalog.numeric end as tuples,
         (select coalesce(pg_catalog.sum(coalesce(s.avg_width, case when a.attlen > 0 then a.attlen else 32 end)), 0) + 32 * f.expressions
          from pg_catalog.pg_attribute a join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          left join pg_catalog.pg_stats s
            on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname and s.inherited = (c.relkind = 'p')
          where a.attrelid = c.oid and a.attname::pg_catalog.text = any (f.columns)) as width
  from family f join pg_catalog.pg_class c on c.oid = f.oid
)
select m.id, pg_catalog.bool_and(m.analysed) as measured,
       pg_catalog.sum(case
         when m.relkind in ('p', 'I') then 0
         when m.kind = 'rewrite' then pg_catalog.pg_total_relation_size(m.oid)
         when m.kind = 'reindex' then case when m.relkind = 'i' then m.size else pg_catalog.pg_indexes_size(m.oid) end
         else pg_catalog.ceil(m.tuples * (12 + 8 * pg_catalog.ceil(m.width / 8.0)) / 0.9) + 8192
       end)::pg_catalog.int8 as bytes
from member m group by m.id order by m.id`

async function readFree(
  session: Session,
  configured: Preflight['free-space'],
): Promise<number | string | null> {
  if (configured === undefined) return null
  if (typeof configured === 'number') return configured
  const [statement, ...others] = parseScript('airlock.yml', configured.query).statements
  const shape = statement === undefined ? 'it is empty' : queryShape(statement.node)
  if (statement === undefined || others.length > 0 || typeof shape === 'string') {
    return `the query of preflight.free-space has to be one that only reads: ${typeof shape === 'string' ? shape : 'it holds several statements'}`
  }
  await session.simple(
    `BEGIN TRANSACTION READ ONLY; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '10s'`,
  )
  try {
    const { rows } = await session.query(statement.text)
    const bytes = Number(rows[0]?.[0] ?? Number.NaN)
    return Number.isFinite(bytes)
      ? bytes
      : `the query of preflight.free-space returned ${rows[0]?.[0] ?? 'nothing'}, not a number of bytes`
  } finally {
    await session.query('ROLLBACK')
  }
}
