import { quoteIdentifier } from '../../sql/identifier.ts'
import { defineCheck, type Finding, type Subject } from '../check.ts'
import { neededBy } from '../privileges/check.ts'

interface Facts {
  readonly login: string
  readonly superuser: boolean
  readonly bypassesRowSecurity: boolean
  /** Of the role that logs in; -1: none. Superusers have no limit. */
  readonly connectionLimit: number
  readonly connections: number
  /** Of the password; null: never. */
  readonly validUntil: string | null
  readonly expired: boolean
  readonly maySetRole: boolean
}

/** Connections that a run opens beside those it has when it checks: the worker. */
const further = 1

/**
 * Who runs the migrations, with which attributes, and whether that login can be used to the end: a CONNECTION LIMIT that the worker would exceed
 * and a password that has run out are seen before anything is changed. One query.
 */
export const privilegesRole = defineCheck<Facts>({
  id: 'privileges.role',
  group: 'privileges',
  title: 'Role of the migrations',
  severity: 'fail',
  needs: 'pg_roles is open to every role: give back what was revoked from PUBLIC.',
  read: async ({ target }, { role, serverMajor }) => {
    const [row] = await target.rows<Facts>(
      `select login.rolname::text as login, me.rolsuper as superuser, me.rolbypassrls or me.rolsuper as "bypassesRowSecurity",
              case when login.rolsuper then -1 else login.rolconnlimit end as "connectionLimit",
              (select pg_catalog.count(*)::int4 from pg_catalog.pg_stat_activity a
                where a.usesysid = login.oid and a.backend_type = 'client backend') as connections,
              nullif(login.rolvaliduntil, 'infinity')::text as "validUntil",
              coalesce(login.rolvaliduntil < pg_catalog.now(), false) as expired,
              pg_catalog.pg_has_role(login.oid, me.oid, '${serverMajor >= 16 ? 'SET' : 'MEMBER'}') as "maySetRole"
         from pg_catalog.pg_roles login, pg_catalog.pg_roles me
        where login.rolname = session_user and me.rolname = $1`,
      [role],
    )
    if (row === undefined) throw new Error('the role that is logged in is not in pg_roles')
    return row
  },
  judge(facts, subject) {
    const problems = [
      ...membership(facts, subject),
      ...connections(facts, subject),
      ...password(facts),
    ]
    return [...(problems.length > 0 ? problems : [passed(facts, subject)]), ...otherRoles(subject)]
  },
})

function passed(facts: Facts, { role }: Subject): Finding {
  const attributes = facts.superuser ? 'superuser' : 'no superuser'
  const bypass = facts.bypassesRowSecurity && !facts.superuser ? ', BYPASSRLS' : ''
  const how = facts.login === role ? '' : `, by SET ROLE from ${facts.login}`
  return {
    outcome: 'passed',
    expected: `${role} can run the migrations`,
    actual: `${role}${how}: ${attributes}${bypass}`,
  }
}

function membership({ login, maySetRole }: Facts, { role }: Subject): readonly Finding[] {
  if (maySetRole) return []
  return [
    {
      outcome: 'problem',
      expected: `${login} may SET ROLE to ${role}`,
      actual: 'it may not',
      reason: 'The migrations run under that role: the first SET ROLE would be refused (42501).',
      fix: `GRANT ${quoteIdentifier(role)} TO ${quoteIdentifier(login)};`,
    },
  ]
}

function connections(
  { login, connectionLimit, connections }: Facts,
  { settings }: Subject,
): readonly Finding[] {
  // plan has one connection where deploy has two by now.
  const needed = connections + further + (settings.command === 'plan' ? 1 : 0)
  if (connectionLimit < 0 || needed <= connectionLimit) return []
  return [
    {
      outcome: 'problem',
      expected: `room for ${further} more connection of ${login}`,
      actual: `CONNECTION LIMIT ${connectionLimit}, ${connections} in use`,
      reason:
        'The connection that runs the migrations is opened last: it would be refused (53300).',
      fix: `ALTER ROLE ${quoteIdentifier(login)} CONNECTION LIMIT ${needed}; or end its other sessions.`,
    },
  ]
}

function password({ login, validUntil, expired }: Facts): readonly Finding[] {
  if (!expired) return []
  return [
    {
      outcome: 'problem',
      severity: 'warn',
      expected: `the password of ${login} is valid`,
      actual: `valid until ${validUntil ?? 'infinity'}`,
      reason: 'A connection lost during the deployment could not be made again with that password.',
      fix: `ALTER ROLE ${quoteIdentifier(login)} VALID UNTIL …`,
    },
  ]
}

/** From a file's own SET ROLE on its statements run as somebody else, whose privileges are not looked up. */
function otherRoles(subject: Subject): readonly Finding[] {
  const change = neededBy(subject).find(({ anyOf }) => anyOf.includes('SESSION SET'))
  if (change === undefined) return []
  return [
    {
      outcome: 'not-checked',
      title: 'Role that a file sets itself',
      expected: `privileges of ${subject.role}`,
      actual: `a file goes on as ${change.object.name}`,
      reason: 'the privileges of that role are not looked up',
      fix: 'Give the role as the setting `role` instead.',
      where: change.where,
    },
  ]
}
