import { quoteIdentifier } from '../../sql/identifier.ts'
import { defineCheck, type Finding } from '../check.ts'

interface Facts {
  readonly inRecovery: boolean
  /** default_transaction_read_only of this session. */
  readonly readOnly: boolean
  /** Where the session has it from, as pg_settings says. */
  readonly source: string
  /** As set, in any spelling, for the role, the database or both; null: for neither. */
  readonly configured: string | null
  readonly database: string
}

/**
 * The target takes changes: it is not in recovery, and new transactions aren't read-only by default. `plan` makes its own session read-only,
 * which hides what the server's configuration says. One query.
 */
export const serverPrimary = defineCheck<Facts>({
  id: 'server.primary',
  group: 'server',
  title: 'Primary that takes changes',
  severity: 'fail',
  volatile: true,
  needs: 'Every role may ask whether the server is in recovery.',
  read: async ({ target }) => {
    const [row] = await target.rows<Facts>(
      `select pg_catalog.pg_is_in_recovery() as "inRecovery", s.setting = 'on' as "readOnly", s.source,
              pg_catalog.current_database()::text as database,
              (select pg_catalog.split_part(setting, '=', 2)
                 from pg_catalog.pg_db_role_setting c, pg_catalog.unnest(c.setconfig) as setting
                where setting like 'default_transaction_read_only=%'
                  and c.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))
                  and c.setrole in (0, (select oid from pg_catalog.pg_roles where rolname = session_user))
                order by c.setrole <> 0 and c.setdatabase <> 0 desc, c.setrole <> 0 desc, c.setdatabase <> 0 desc
                limit 1) as configured
         from pg_catalog.pg_settings s where s.name = 'default_transaction_read_only'`,
    )
    if (row === undefined) throw new Error('default_transaction_read_only is not in pg_settings')
    return row
  },
  judge(facts, { settings }) {
    if (facts.inRecovery) return [standby]
    const ownDoing = settings.command === 'plan' && facts.source === 'session'
    if (ownDoing && facts.configured === null) return [primary, hidden]
    const readOnly = ownDoing ? isOn(facts.configured) : facts.readOnly
    return [readOnly ? refused(facts) : primary]
  },
})

/** A role's settings stand in the catalog as they were written: any spelling of a boolean that the server takes. */
function isOn(written: string | null): boolean {
  return /^(?:on|t|tr|tru|true|y|ye|yes|1)$/i.test(written ?? '')
}

const expected = 'a primary, transactions read-write'

const primary: Finding = { outcome: 'passed', expected: 'not in recovery', actual: 'a primary' }

const standby: Finding = {
  outcome: 'problem',
  expected,
  actual: 'in recovery: a standby',
  reason: 'Only the primary accepts changes.',
  fix: 'Give the URL of the primary, or all hosts with target_session_attrs=read-write.',
}

const hidden: Finding = {
  outcome: 'not-checked',
  title: 'Transactions read-write by default',
  expected: 'default_transaction_read_only = off',
  actual: 'not known',
  reason: 'plan makes its own session read-only, which hides what the server’s configuration says',
}

function refused({ source, database }: Facts): Finding {
  return {
    outcome: 'problem',
    expected,
    actual: `default_transaction_read_only = on (from: ${source})`,
    reason:
      'The first statement would be refused: "cannot execute … in a read-only transaction" (25006).',
    fix: `Find out why it was set (maintenance, a failover), then for instance: ALTER DATABASE ${quoteIdentifier(database)} RESET default_transaction_read_only;`,
  }
}
