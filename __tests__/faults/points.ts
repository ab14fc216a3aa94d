import type { Kind } from './kinds.ts'

/** A point of a run: a request of one of its connections, recognised by its text. */
export interface Point {
  readonly kind: Kind
  readonly role: 'worker' | 'observer' | 'keeper'
  readonly find: RegExp
  /** Only requests of the run after one that has this text. */
  readonly after?: RegExp
  /** The n-th of those found; default the first. */
  readonly nth?: number
  /** Not sent yet; at work on the server; carried out, and the answer not yet heard. */
  readonly moment: 'before' | 'during' | 'after'
  /** `during`: what somebody else runs in a transaction, so that the statement waits in its midst. */
  readonly gate?: string
  /** Another run holds the run's lock until the fault has happened. */
  readonly waitsForLock?: true
}

const advisory = 'select pg_catalog.pg_advisory_xact_lock(4711)'
const journal = /airlock\.hold_run/
const secondFile = /name = 'b'/

interface Outside {
  readonly statement: RegExp
  readonly gate: string
}

const outside: Readonly<Record<'index' | 'rebuild' | 'detach' | 'vacuum', Outside>> = {
  index: { statement: /CREATE UNIQUE INDEX CONCURRENTLY/, gate: advisory },
  rebuild: { statement: /^REINDEX/, gate: 'lock table item in row exclusive mode' },
  detach: { statement: /^ALTER TABLE event DETACH/, gate: 'select count(*) from event' },
  vacuum: { statement: /^VACUUM/, gate: 'lock table item in share update exclusive mode' },
}

/** The journal's start, the statement itself, the look at the catalog, the journal's end. */
function pointsOf(kind: keyof typeof outside): Readonly<Record<string, Point>> {
  const { statement, gate } = outside[kind]
  const worker = { kind, role: 'worker' } as const
  const start = { ...worker, find: journal, after: /to_regclass\(name\)/ }
  const end = { ...worker, find: journal, after: statement }
  return {
    [`${kind}: start, not yet journaled`]: { ...start, moment: 'before' },
    [`${kind}: start journaled, answer under way`]: { ...start, moment: 'after' },
    [`${kind}: at work`]: { ...worker, find: statement, moment: 'during', gate },
    [`${kind}: done, answer under way`]: { ...worker, find: statement, moment: 'after' },
    [`${kind}: end, not yet journaled`]: { ...end, moment: 'before' },
    [`${kind}: end journaled, answer under way`]: { ...end, moment: 'after' },
  }
}

const first = { kind: 'transaction', role: 'observer' } as const
const transaction = { kind: 'transaction', role: 'worker' } as const
const statements = { kind: 'statements', role: 'worker' } as const
const label = { kind: 'label', role: 'worker' } as const
const batch = { kind: 'batch', role: 'worker' } as const
const inverses = { kind: 'inverses', role: 'worker' } as const
const script = { kind: 'script', role: 'worker' } as const

const ofTheRun: Readonly<Record<string, Point>> = {
  'waiting for the lock': {
    kind: 'transaction',
    role: 'keeper',
    find: /pg_try_advisory_xact_lock/,
    nth: 3,
    moment: 'before',
    waitsForLock: true,
  },
  'lock taken, answer under way': {
    kind: 'transaction',
    role: 'keeper',
    find: /pg_try_advisory_xact_lock/,
    moment: 'after',
  },
  'journal read': { ...first, find: /to_regclass\('airlock\.journal_version'\)/, moment: 'before' },
  baseline: { ...first, find: /WITH RECURSIVE/, moment: 'before' },
  'journal not yet installed': { ...first, find: /create schema if not exists/, moment: 'before' },
  'journal installed, answer under way': {
    ...first,
    find: /create schema if not exists/,
    moment: 'after',
  },
  'run not yet begun': { ...first, find: /insert into airlock\.runs/, moment: 'before' },
  'run begun, answer under way': { ...first, find: /insert into airlock\.runs/, moment: 'after' },
  'between two migrations': { ...transaction, find: /^DISCARD ALL/, nth: 2, moment: 'before' },
  'end of the run not yet written': {
    ...first,
    find: /update airlock\.runs set outcome/,
    moment: 'before',
  },
  'end of the run written, answer under way': {
    ...first,
    find: /update airlock\.runs set outcome/,
    moment: 'after',
  },
}

const ofTransactions: Readonly<Record<string, Point>> = {
  'transaction: in a statement': {
    ...transaction,
    find: /UPDATE item/,
    moment: 'during',
    gate: 'lock table item in share mode',
  },
  'transaction: COMMIT not yet sent': {
    ...transaction,
    find: journal,
    after: /UPDATE item/,
    moment: 'before',
  },
  'transaction: committed, answer under way': {
    ...transaction,
    find: journal,
    after: /UPDATE item/,
    moment: 'after',
  },
  'transaction: in the verify script': {
    ...transaction,
    find: /SELECT gate\(count/,
    moment: 'during',
    gate: advisory,
  },
  'transaction: not yet noted as verified': {
    ...transaction,
    find: journal,
    after: /SELECT gate\(count/,
    moment: 'before',
  },
  'transaction: noted as verified, answer under way': {
    ...transaction,
    find: journal,
    after: /SELECT gate\(count/,
    moment: 'after',
  },
  'statements: between two': { ...statements, find: /^INSERT INTO log SELECT/, moment: 'before' },
  'statements: in the rows of COPY': { ...statements, find: /^copied/, moment: 'before' },
  'statements: in the last': {
    ...statements,
    find: /^INSERT INTO log SELECT/,
    moment: 'during',
    gate: advisory,
  },
  'statements: COMMIT not yet sent': {
    ...statements,
    find: journal,
    after: /^INSERT INTO log SELECT/,
    moment: 'before',
  },
  'statements: committed, answer under way': {
    ...statements,
    find: journal,
    after: /^INSERT INTO log SELECT/,
    moment: 'after',
  },
}

/** ADD VALUE is a transaction of its own, and what follows needs it committed. */
const ofLabels: Readonly<Record<string, Point>> = {
  'label: in the statement': {
    ...label,
    find: /ALTER TYPE mood/,
    moment: 'during',
    gate: "alter type mood add value 'other'",
  },
  'label: COMMIT not yet sent': {
    ...label,
    find: journal,
    after: /ALTER TYPE mood/,
    moment: 'before',
  },
  'label: committed, answer under way': {
    ...label,
    find: journal,
    after: /ALTER TYPE mood/,
    moment: 'after',
  },
}

const ofBatches: Readonly<Record<string, Point>> = {
  'batch: in the first range': {
    ...batch,
    find: /UPDATE item SET doubled/,
    moment: 'during',
    gate: advisory,
  },
  'batch: in the second range': {
    ...batch,
    find: /UPDATE item SET doubled/,
    nth: 2,
    moment: 'during',
    gate: advisory,
  },
  'batch: range not yet committed': {
    ...batch,
    find: journal,
    after: /UPDATE item SET doubled/,
    nth: 2,
    moment: 'before',
  },
  'batch: range committed, answer under way': {
    ...batch,
    find: journal,
    after: /UPDATE item SET doubled/,
    nth: 2,
    moment: 'after',
  },
  'batch: end not yet journaled': {
    ...batch,
    find: /^begin isolation.*airlock\.hold_run/s,
    after: /UPDATE item SET doubled/,
    moment: 'before',
  },
  'batch: end journaled, answer under way': {
    ...batch,
    find: /^begin isolation.*airlock\.hold_run/s,
    after: /UPDATE item SET doubled/,
    moment: 'after',
  },
}

const ofUndo: Readonly<Record<string, Point>> = {
  'between two steps': { kind: 'index', role: 'worker', find: secondFile, moment: 'before' },
  'inverses: undo not yet journaled': {
    ...inverses,
    find: journal,
    after: /item_twice ON/,
    moment: 'before',
  },
  'inverses: undo journaled, answer under way': {
    ...inverses,
    find: journal,
    after: /item_twice ON/,
    moment: 'after',
  },
  'inverses: leftover dropped, answer under way': {
    ...inverses,
    find: /^drop index concurrently if exists \S*item_twice/,
    moment: 'after',
  },
  'inverses: view not yet dropped': { ...inverses, find: /DROP VIEW/, moment: 'before' },
  'inverses: view dropped, answer under way': { ...inverses, find: /DROP VIEW/, moment: 'after' },
  'inverses: in the index built again': {
    ...inverses,
    find: /^CREATE INDEX CONCURRENTLY item_touched/,
    moment: 'during',
    gate: 'lock table item in row exclusive mode',
  },
  'inverses: index built again, answer under way': {
    ...inverses,
    find: /^CREATE INDEX CONCURRENTLY item_touched/,
    moment: 'after',
  },
  'inverses: in a concurrent drop': {
    ...inverses,
    find: /^DROP INDEX CONCURRENTLY item_extra/,
    moment: 'during',
    gate: 'lock table item in row exclusive mode',
  },
  'inverses: not yet noted as rolled back': {
    ...inverses,
    role: 'observer',
    find: journal,
    after: /DROP COLUMN extra/,
    moment: 'before',
  },
  'inverses: noted as rolled back, answer under way': {
    ...inverses,
    role: 'observer',
    find: journal,
    after: /DROP COLUMN extra/,
    moment: 'after',
  },
  'script: in a concurrent drop': {
    ...script,
    find: /^DROP INDEX CONCURRENTLY made_id/,
    moment: 'during',
    gate: 'lock table made in row exclusive mode',
  },
  'script: concurrent drop done, answer under way': {
    ...script,
    find: /^DROP INDEX CONCURRENTLY made_id/,
    moment: 'after',
  },
  'script: in a statement': {
    ...script,
    find: /^ALTER TABLE made DROP COLUMN/,
    moment: 'during',
    gate: 'lock table made in access share mode',
  },
  'script: COMMIT not yet sent': {
    ...script,
    find: journal,
    after: /^DROP TABLE made/,
    moment: 'before',
  },
  'script: committed, answer under way': {
    ...script,
    find: journal,
    after: /^DROP TABLE made/,
    moment: 'after',
  },
}

/** Every point by its name. */
export const points: Readonly<Record<string, Point>> = {
  ...ofTheRun,
  ...ofTransactions,
  ...pointsOf('index'),
  ...pointsOf('rebuild'),
  ...pointsOf('detach'),
  ...pointsOf('vacuum'),
  ...ofLabels,
  ...ofBatches,
  ...ofUndo,
}
