import { quoteIdentifier } from '../../sql/identifier.ts'
import { defineCheck, type Finding } from '../check.ts'
import { bounded } from '../details.ts'

interface Facts {
  readonly login: string
  readonly database: string
  readonly mayCreateSchema: boolean
  /** Null: there is no schema airlock yet. */
  readonly schemaOwner: string | null
  readonly mayUse: boolean
  readonly ownsSchema: boolean
  readonly installed: boolean
  /** 'INSERT on airlock.runs' and the like that the role lacks. */
  readonly missing: readonly string[]
  /** Enabled ones that look at every CREATE: what they do is not known. */
  readonly eventTriggers: readonly string[]
}

/**
 * The journal is written by the role that logs in, not by the one that the migrations run as: it may make schema airlock, or write to the
 * tables that are there. One query.
 */
export const privilegesJournal = defineCheck<Facts>({
  id: 'privileges.journal',
  group: 'privileges',
  title: 'Journal in schema airlock',
  severity: 'fail',
  needs:
    'The catalogs of privileges are open to every role: give back what was revoked from PUBLIC.',
  read: async ({ target }) => {
    const [row] = await target.rows<Facts>(
      `select session_user::text as login, pg_catalog.current_database()::text as database,
              pg_catalog.has_database_privilege(session_user, d.oid, 'CREATE') as "mayCreateSchema",
              pg_catalog.pg_get_userbyid(n.nspowner)::text as "schemaOwner",
              coalesce(pg_catalog.has_schema_privilege(session_user, n.oid, 'USAGE'), false) as "mayUse",
              coalesce(pg_catalog.pg_has_role(session_user, n.nspowner, 'USAGE'), false) as "ownsSchema",
              exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = 'journal_version') as installed,
              array(select p || ' on airlock.' || c.relname
                      from pg_catalog.pg_class c, pg_catalog.unnest(array['SELECT', 'INSERT', 'UPDATE']) p
                     where c.relnamespace = n.oid and c.relname in ('runs', 'migrations', 'steps') and c.relkind = 'r'
                       and not pg_catalog.has_table_privilege(session_user, c.oid, p)
                     order by 1) as missing,
              array(select e.evtname::text from pg_catalog.pg_event_trigger e
                     where e.evtenabled in ('O', 'A') and e.evtevent in ('ddl_command_start', 'ddl_command_end')
                       and (e.evttags is null or e.evttags && array['CREATE SCHEMA', 'CREATE TABLE', 'CREATE INDEX', 'CREATE FUNCTION', 'COMMENT'])
                     order by 1) as "eventTriggers"
         from pg_catalog.pg_database d
         left join pg_catalog.pg_namespace n on n.nspname = 'airlock'
        where d.datname = pg_catalog.current_database()`,
    )
    if (row === undefined) throw new Error('the current database is not in pg_database')
    return row
  },
  judge: (facts) => (facts.installed ? judgeUse(facts) : judgeInstallation(facts)),
})

function judgeUse({ login, missing, mayUse, schemaOwner }: Facts): readonly Finding[] {
  const expected = `${login} writes to the journal`
  const lacking = [...(mayUse ? [] : ['USAGE on schema airlock']), ...missing]
  if (lacking.length === 0) {
    return [{ outcome: 'passed', expected, actual: 'all privileges on its tables' }]
  }
  const role = quoteIdentifier(login)
  return [
    {
      outcome: 'problem',
      expected,
      actual: `no ${lacking.join(', no ')}`,
      reason: `The journal belongs to ${schemaOwner ?? 'another role'}; without it nothing could be recorded, so nothing may be changed.`,
      fix: `GRANT USAGE ON SCHEMA airlock TO ${role}; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA airlock TO ${role};`,
    },
  ]
}

function judgeInstallation(facts: Facts): readonly Finding[] {
  const { login, database, schemaOwner, mayCreateSchema, ownsSchema, eventTriggers } = facts
  const expected = `${login} may make the journal`
  if (!mayCreateSchema || (schemaOwner !== null && !ownsSchema)) return [refused(facts, expected)]
  if (eventTriggers.length > 0) {
    return [
      {
        outcome: 'not-checked',
        expected,
        actual: `it has the privileges, but event triggers look at its CREATE statements: ${eventTriggers.join(', ')}`,
        reason: 'what the function of an event trigger refuses can’t be told without running it',
        details: bounded(eventTriggers),
      },
    ]
  }
  return [{ outcome: 'passed', expected, actual: `CREATE on database ${database}` }]
}

/** CREATE SCHEMA IF NOT EXISTS asks for CREATE on the database before it looks whether the schema is there. */
function refused(
  { login, database, schemaOwner, mayCreateSchema }: Facts,
  expected: string,
): Finding {
  const role = quoteIdentifier(login)
  const grant = `GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${role};`
  return {
    outcome: 'problem',
    expected,
    actual: mayCreateSchema
      ? `schema airlock belongs to ${schemaOwner}`
      : `no CREATE on database ${database}`,
    reason:
      'Runs are recorded in schema airlock of the target; without it a killed run could not be told from a finished one.',
    fix: mayCreateSchema ? `ALTER SCHEMA airlock OWNER TO ${role};` : grant,
  }
}
