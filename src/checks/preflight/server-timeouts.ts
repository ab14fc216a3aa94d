import { sessionSettings } from '../../sql/setting.ts'
import { defineCheck, type Finding, type Subject } from '../check.ts'
import { bounded } from '../details.ts'

interface Facts {
  /** In milliseconds, as the server read what we set. */
  readonly readBack: Readonly<Record<string, number>>
  readonly deadlockTimeout: number
}

const wantedOf = ({ settings }: Subject): Readonly<Record<string, number>> => ({
  lock_timeout: Math.round(settings.lockTimeout),
  statement_timeout: Math.round(settings.statementTimeout),
  idle_in_transaction_session_timeout: Math.round(settings.idleInTransactionTimeout),
})

/** The three timeouts set on a session and read back, and lock-timeout beside deadlock_timeout. One round trip, gone with its transaction. */
export const serverTimeouts = defineCheck<Facts>({
  id: 'server.timeouts',
  group: 'server',
  title: 'Session timeouts',
  severity: 'warn',
  needs: 'Every role may set its own timeouts.',
  read: async ({ target }, subject) => {
    const wanted = Object.entries(wantedOf(subject))
    const set = wanted.map(([name, value]) => `set local ${name} = '${value}ms'`)
    const names = [...wanted.map(([name]) => `'${name}'`), `'deadlock_timeout'`].join(', ')
    // Read in the unit that pg_settings counts in, milliseconds for all four.
    const results = await target.simple(
      `begin; ${set.join('; ')}; select name, setting from pg_catalog.pg_settings where name in (${names}); rollback`,
    )
    const rows = results.at(-2)?.rows ?? []
    const values = Object.fromEntries(rows.map(([name, value]) => [name ?? '', Number(value)]))
    return { readBack: values, deadlockTimeout: values.deadlock_timeout ?? 0 }
  },
  judge({ readBack, deadlockTimeout }, subject) {
    const wanted = wantedOf(subject)
    return [
      readBackFinding(wanted, readBack),
      ...displacing(wanted.lock_timeout ?? 0, deadlockTimeout),
      ...setByFiles(subject),
    ]
  },
})

function readBackFinding(wanted: Facts['readBack'], readBack: Facts['readBack']): Finding {
  const names = Object.keys(wanted)
  const words = (values: Facts['readBack']) =>
    names.map((name) => `${name} = ${values[name] ?? '?'}ms`).join(', ')
  const outcome = names.every((name) => wanted[name] === readBack[name]) ? 'passed' : 'problem'
  const finding: Finding = { outcome, expected: words(wanted), actual: words(readBack) }
  if (outcome === 'passed') return finding
  return {
    ...finding,
    severity: 'fail',
    reason:
      'The server has made something else of a timeout, so it would not protect the application.',
    fix: 'Connect to the server directly: a proxy in between may answer SET by itself.',
  }
}

/** A worker of autovacuum gives way only when the deadlock check finds it, after deadlock_timeout: who gives up before that never gets the lock. */
function displacing(lockTimeout: number, deadlockTimeout: number): readonly Finding[] {
  if (lockTimeout === 0 || lockTimeout > deadlockTimeout) return []
  return [
    {
      outcome: 'problem',
      title: 'lock-timeout beside deadlock_timeout',
      expected: `more than ${deadlockTimeout}ms (deadlock_timeout)`,
      actual: `lock-timeout ${lockTimeout}ms`,
      reason:
        'An autovacuum that holds a table gives way only after deadlock_timeout: a statement that gives up before can never displace it.',
      fix: `Set lock-timeout to more than ${deadlockTimeout}ms.`,
    },
  ]
}

const timeouts: ReadonlySet<string | null> = new Set([
  'lock_timeout',
  'statement_timeout',
  'idle_in_transaction_session_timeout',
])

function setByFiles({ pending }: Subject): readonly Finding[] {
  const own = pending
    .flatMap(({ script }) => script.statements)
    .filter(({ node }) => sessionSettings(node).some(({ name }) => timeouts.has(name)))
  const [first] = own
  if (first === undefined) return []
  return [
    {
      outcome: 'not-checked',
      title: 'Timeouts that the files set themselves',
      expected: 'the timeouts of the run',
      actual: `${own.length} statements set their own`,
      reason:
        'a file’s own SET holds until the file ends; it is reported, not read back beforehand',
      where: first.where,
      details: bounded(
        own.map(({ where, text }) => `${where.file}:${where.line} ${text.slice(0, 200)}`),
      ),
    },
  ]
}
