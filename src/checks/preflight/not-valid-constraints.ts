import { settledBy } from '../../plan/settled-objects.ts'
import { counted } from '../../report/words.ts'
import { quoteIdentifier, quoteName } from '../../sql/identifier.ts'
import { defineCheck } from '../check.ts'
import { bounded } from '../details.ts'

interface NotValidConstraint {
  readonly schema: string
  readonly name: string
  /** Or the domain. */
  readonly table: string
  readonly definition: string
}

/** NOT ENFORCED constraints (18) are never validated and promise nothing. */
const enforced = (major: number) => (major >= 18 ? 'and c.conenforced' : '')

/** Constraints NOT VALID from before: rows older than the constraint may violate it. Those that the plan validates or drops are named as such. */
export const notValidConstraints = defineCheck<readonly NotValidConstraint[]>({
  id: 'risk.not-valid-constraints',
  group: 'risk',
  title: 'constraints that are not validated',
  severity: 'warn',
  needs: 'GRANT SELECT ON pg_catalog.pg_constraint, pg_catalog.pg_class TO the role.',
  read: ({ target }) =>
    target.rows<NotValidConstraint>(
      `select n.nspname::pg_catalog.text as schema, c.conname::pg_catalog.text as name, coalesce(t.relname, d.typname)::pg_catalog.text as table,
              pg_catalog.pg_get_constraintdef(c.oid) as definition
       from pg_catalog.pg_constraint c
       left join pg_catalog.pg_class t on t.oid = c.conrelid
       left join pg_catalog.pg_type d on d.oid = c.contypid
       join pg_catalog.pg_namespace n on n.oid = coalesce(t.relnamespace, d.typnamespace)
       where not c.convalidated and c.conparentid = 0 ${enforced(target.serverMajor)}
         and n.nspname <> 'pg_catalog' and n.nspname !~ '^pg_(toast_)?temp_'
       order by schema, "table", name`,
    ),
  judge(constraints, { pending }) {
    const expected = 'none that the plan leaves'
    const lines = constraints.map((constraint) => {
      const settled = settledBy(pending, { kind: 'constraint', ...constraint })
      return { line: lineOf(constraint, settled), left: settled === null }
    })
    const left = lines.filter((line) => line.left).length
    const details = bounded(lines.map(({ line }) => line))
    if (left === 0) {
      const actual =
        lines.length === 0 ? 'none' : `${counted(lines.length, 'constraint')}, settled by the plan`
      return [{ outcome: 'passed', expected, actual, ...(lines.length === 0 ? {} : { details }) }]
    }
    return [
      {
        outcome: 'problem',
        expected,
        actual: counted(left, 'constraint'),
        reason:
          'Rows older than such a constraint may violate it: an UPDATE of one fails, and so does a restore of a dump that validates.',
        fix: 'Correct the rows, then ALTER TABLE (or DOMAIN) … VALIDATE CONSTRAINT in a migration.',
        details,
      },
    ]
  },
})

function lineOf(
  { schema, name, table, definition }: NotValidConstraint,
  settled: string | null,
): string {
  const note = settled === null ? '' : ` (${settled})`
  const what = definition.replaceAll(/\s+/g, ' ')
  return `constraint ${quoteIdentifier(name)} on ${quoteName({ schema, name: table })}${note}: ${what}`
}
