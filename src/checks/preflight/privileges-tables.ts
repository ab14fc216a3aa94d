import { describeObject } from '../../plan/object-words.ts'
import type { Finding } from '../check.ts'
import { privilegeCheck } from '../privileges/check.ts'
import type { Verdict } from '../privileges/verdict.ts'

/** Reading and writing rows, REFERENCES, TRIGGER, EXECUTE, USAGE of types; and row security, which hides rows without an error. One query. */
export const privilegesTables = privilegeCheck({
  id: 'privileges.tables',
  group: 'tables',
  title: 'Privileges on tables, functions and types',
  beyond: (all, { role }) => {
    const first = new Map(
      all
        .filter(hidesRows)
        .toReversed()
        .map((each) => [tableOf(each), each]),
    )
    return [...first.values()].toReversed().map((each) => hidden(each, role))
  },
})

const rows = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE'])

const tableOf = ({ found }: Verdict) => JSON.stringify([found?.schema, found?.name])

function hidesRows({ need, found }: Verdict): boolean {
  return found?.note === 'row security' && need.anyOf.some((right) => rows.has(right))
}

function hidden({ need }: Verdict, role: string): Finding {
  const table = describeObject(need.object)
  return {
    outcome: 'problem',
    severity: 'warn',
    expected: `all rows of ${table}`,
    actual: `row security applies to ${role}`,
    reason: `${need.statement} sees only the rows that the policies of ${table} let ${role} see, and leaves out the others without an error.`,
    fix: `Run as the table’s owner, or as a role with BYPASSRLS.`,
    where: need.where,
  }
}
