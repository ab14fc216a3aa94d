import { settledBy } from '../../plan/settled-objects.ts'
import { counted } from '../../report/words.ts'
import { quoteName } from '../../sql/identifier.ts'
import { defineCheck } from '../check.ts'
import { bounded } from '../details.ts'

interface InvalidIndex {
  readonly schema: string
  readonly name: string
  readonly table: string
  /** Of a partitioned table: invalid until every partition has its own. */
  readonly partitioned: boolean
  readonly unique: boolean
  /** A session builds it right now. */
  readonly building: boolean
}

/**
 * Indexes that are INVALID: left by a concurrent build that failed. They serve no query, are kept up to date by every write all the same, and a
 * unique one rejects rows though it proves nothing. CREATE INDEX … IF NOT EXISTS takes one for the index that is wanted.
 */
export const invalidIndexes = defineCheck<readonly InvalidIndex[]>({
  id: 'risk.invalid-indexes',
  group: 'risk',
  title: 'invalid indexes',
  severity: 'warn',
  needs:
    'GRANT SELECT ON pg_catalog.pg_index, pg_catalog.pg_stat_progress_create_index TO the role.',
  volatile: true,
  read: ({ target }) =>
    target.rows<InvalidIndex>(
      `select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name, t.relname::pg_catalog.text as table,
              c.relkind = 'I' as partitioned, i.indisunique as unique,
              exists (select from pg_catalog.pg_stat_progress_create_index b where b.datname = pg_catalog.current_database() and b.index_relid = c.oid) as building
       from pg_catalog.pg_index i
       join pg_catalog.pg_class c on c.oid = i.indexrelid
       join pg_catalog.pg_class t on t.oid = i.indrelid
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where not (i.indisvalid and i.indisready and i.indislive)
         and n.nspname <> 'pg_toast' and n.nspname !~ '^pg_(toast_)?temp_'
       order by schema, name`,
    ),
  judge(indexes, { pending }) {
    const expected = 'none'
    const lines = indexes.map((index) => {
      const settled = settledBy(pending, { kind: 'index', ...index })
      return { line: lineOf(index, settled), left: settled === null && !index.building }
    })
    const left = lines.filter((line) => line.left).length
    const partitioned = indexes.filter((index) => index.partitioned).length
    const details = bounded(lines.map(({ line }) => line))
    if (left === 0) {
      const actual =
        lines.length === 0
          ? 'none'
          : `${counted(lines.length, 'invalid index', 'invalid indexes')}, none that the plan leaves`
      return [{ outcome: 'passed', expected, actual, ...(lines.length === 0 ? {} : { details }) }]
    }
    return [
      {
        outcome: 'problem',
        expected,
        actual: counted(left, 'invalid index', 'invalid indexes'),
        reason:
          'An invalid index serves no query but slows every write down; CREATE INDEX IF NOT EXISTS would take it for the one that is wanted.',
        fix: [
          ...(partitioned < indexes.length ? [rebuilding] : []),
          ...(partitioned > 0 ? [attaching] : []),
        ].join(' '),
        details,
      },
    ]
  },
})

const rebuilding =
  'DROP INDEX CONCURRENTLY it and create it again, or REINDEX INDEX CONCURRENTLY once the cause (duplicates, a cancelled build) is gone.'

const attaching =
  'Of a partitioned table: create the missing partitions’ indexes and ALTER INDEX … ATTACH PARTITION each.'

function lineOf(index: InvalidIndex, settled: string | null): string {
  const { schema, name, table, unique, partitioned, building } = index
  const kind = `${unique ? 'unique ' : ''}index ${quoteName({ schema, name })}`
  const notes = [
    ...(partitioned ? ['of a partitioned table: some partition lacks its own'] : []),
    ...(building ? ['being built right now'] : []),
    ...(settled === null ? [] : [settled]),
  ]
  const note = notes.length === 0 ? '' : ` (${notes.join('; ')})`
  return `${kind} on ${quoteName({ schema, name: table })}${note}`
}
