import {
  derivePrechecks,
  namesOf,
  type Precheck,
  type PrecheckId,
  type PrecheckRequest,
  precheckRequests,
} from '../../plan/prechecks.ts'
import { ServerError } from '../../postgres/server-error.ts'
import type { Session } from '../../postgres/types.ts'
import { type Check, type CheckSessions, defineCheck, type Subject } from '../check.ts'
import { type Answer, ask } from './data/ask.ts'
import { readKnownObjects } from './data/catalog.ts'
import { judgePrecheck, type Source } from './data/judge.ts'
import { describeReplica, failureWords } from './data/source.ts'
import { reading } from './data/transaction.ts'

interface Facts {
  readonly asked: readonly { readonly precheck: Precheck; readonly answer: Answer | null }[]
  readonly source: Source
  /** Why nothing could be asked at all. */
  readonly unreachable: string | null
}

/** However long the migrations may wait for a lock: a question waits less. */
const patienceMs = 1_000

/** For looking up tables and constraints, which are few. */
const lookupMs = 30_000

/**
 * Whether rows that are there would refuse what the plan is about to demand of them, by one id a kind of demand. Each question has a transaction of its own,
 * and all of them together the time of preflight.data-budget.
 */
export const dataChecks: readonly Check[] = [
  check('data.foreign-key', 'orphaned rows'),
  check('data.unique', 'duplicates'),
  check('data.check', 'rows against a CHECK'),
  check('data.not-null', 'NULLs'),
  check('data.domain', 'values against a domain'),
  check('data.type', 'values that do not fit a type'),
  check('data.exclusion', 'rows that exclude each other'),
]

function check(id: PrecheckId, title: string): Check {
  return defineCheck<Facts>({
    id,
    group: 'data',
    title,
    severity: 'fail',
    needs: 'GRANT SELECT on the tables that are asked.',
    applies: ({ pending }) => requestsOf(pending).some((request) => mayBe(id, request)),
    read: (sessions, subject) => read(id, sessions, subject),
    judge: ({ asked, source, unreachable }) =>
      unreachable === null
        ? asked.map(({ precheck, answer }) => judgePrecheck(precheck, answer, source))
        : [{ outcome: 'not-checked', expected: '', actual: 'not known', reason: unreachable }],
  })
}

/** The same for all seven, so read from the plan once. */
const requested = new WeakMap<Subject['pending'], readonly PrecheckRequest[]>()

function requestsOf(pending: Subject['pending']): readonly PrecheckRequest[] {
  const known = requested.get(pending) ?? precheckRequests(pending)
  requested.set(pending, known)
  return known
}

const idsOfConstraints: Readonly<Record<string, readonly PrecheckId[]>> = {
  'foreign key': ['data.foreign-key'],
  unique: ['data.unique'],
  'primary key': ['data.unique', 'data.not-null'],
  check: ['data.check'],
  exclude: ['data.exclusion'],
  'not null': ['data.not-null'],
}

/** What a constraint from before is, only the catalog says. */
function mayBe(id: PrecheckId, { demand, ofDomain }: PrecheckRequest): boolean {
  if (ofDomain) return id === 'data.domain'
  switch (demand.kind) {
    case 'validate':
      return id === 'data.foreign-key' || id === 'data.check' || id === 'data.not-null'
    case 'constraint':
      return idsOfConstraints[demand.constraint.type]?.includes(id) === true
    case 'index':
      return id === 'data.unique'
    case 'type':
      return id === 'data.type'
    default:
      return id === 'data.not-null'
  }
}

async function read(id: PrecheckId, { data }: CheckSessions, subject: Subject): Promise<Facts> {
  const { pending, preflight, role, searchPath, target, settings } = subject
  const source: Source = { words: '', role, budgetMs: preflight['data-budget'] }
  const nothing: Facts = { asked: [], source, unreachable: null }
  let session: Session
  try {
    session = await data.open()
  } catch (error) {
    return { ...nothing, unreachable: failureWords(error) }
  }
  try {
    const replica = data.onReplica
      ? await describeReplica(session, target.systemIdentifier)
      : { words: '' }
    if ('refused' in replica) return { ...nothing, unreachable: replica.refused }
    const requests = requestsOf(pending).filter((request) => mayBe(id, request))
    const limits = {
      role: settings.role ?? null,
      lockTimeoutMs: Math.min(settings.lockTimeout, patienceMs),
    }
    const known = await reading(
      session,
      { ...limits, searchPath: [], statementTimeoutMs: lookupMs },
      () => readKnownObjects(session, namesOf(requests)),
    )
    const { serverMajor } = session
    const prechecks = derivePrechecks(requests, { known, searchPath, serverMajor })
    const asked: Facts['asked'][number][] = []
    for (const precheck of prechecks.filter((one) => one.id === id)) {
      const { derived, order } = precheck
      if (!('ask' in derived) || order?.kind === 'structure') {
        asked.push({ precheck, answer: null })
        continue
      }
      const started = performance.now()
      const answer = await data.timed((budgetMs) =>
        ask(session, derived.ask, precheck, {
          ...limits,
          budgetMs,
          examples: preflight['data-examples'],
        }),
      )
      if ('counted' in answer) data.took(precheck.where, performance.now() - started)
      asked.push({ precheck, answer })
    }
    return { asked, source: { ...source, words: replica.words }, unreachable: null }
  } catch (error) {
    if (!(error instanceof ServerError) || !error.lost) throw error
    return { ...nothing, unreachable: failureWords(error) }
  } finally {
    await session.close().catch(() => undefined)
  }
}
