import type { Refusal } from '../report/refusal.ts'
import type { Pair } from './directive-syntax.ts'
import { refusalAt, unknownKey } from './directive-syntax.ts'
import { HAZARDS } from './hazards.ts'
import { suggestion } from './nearest.ts'

/** Which script a file directive stands in; some belong to only one kind. */
export type ScriptKind = 'migration' | 'rollback' | 'verify'

export interface DirectiveOptions {
  /** The whole file, for excerpts. */
  readonly source?: string
  /** When given, directives that this kind of script can't have are refused. */
  readonly script?: ScriptKind
}

interface Key {
  /** Whether it speaks of the file, of one statement, of a batch (a part of `batch`), or serves others (`reason`). */
  readonly scopes: readonly ('file' | 'statement' | 'batch')[]
  /** 'word': no value. A list: one of these. */
  readonly value: 'word' | 'text' | readonly string[]
  readonly scripts?: readonly ScriptKind[]
  /** Only together with this other key, on the same line. */
  readonly needs?: readonly string[]
}

const EVERY = ['file', 'statement'] as const

const KEYS: Readonly<Record<string, Key>> = {
  transaction: { scopes: ['file'], value: ['off'], scripts: ['migration', 'rollback'] },
  lock_timeout: { scopes: EVERY, value: 'text' },
  statement_timeout: { scopes: EVERY, value: 'text' },
  concurrent_timeout: { scopes: EVERY, value: 'text', scripts: ['migration', 'rollback'] },
  retry_timeout: { scopes: ['file'], value: 'text', scripts: ['migration', 'rollback'] },
  disabled: { scopes: ['file'], value: 'word', scripts: ['migration'] },
  after: { scopes: ['file'], value: 'text', scripts: ['migration'], needs: ['soak'] },
  soak: { scopes: ['file'], value: 'text', scripts: ['migration'], needs: ['after'] },
  rollback: { scopes: ['file'], value: ['none'], scripts: ['migration'], needs: ['reason'] },
  locks: {
    scopes: ['file'],
    value: ['as-written', 'up-front'],
    scripts: ['migration', 'rollback'],
  },
  retry: { scopes: ['file'], value: ['safe'], scripts: ['migration', 'rollback'] },
  partial: { scopes: ['file'], value: ['ok'], scripts: ['rollback'] },
  expect_duration: { scopes: ['file'], value: 'text', scripts: ['migration'] },
  lock_impact: { scopes: ['file'], value: 'text', scripts: ['migration'] },
  allow: { scopes: EVERY, value: HAZARDS, scripts: ['migration', 'rollback'], needs: ['reason'] },
  reason: { scopes: EVERY, value: 'text', needs: ['allow', 'rollback'] },
  batch: { scopes: ['statement'], value: 'word', scripts: ['migration'], needs: ['key', 'todo'] },
  key: { scopes: ['batch'], value: 'text', needs: ['batch'] },
  todo: { scopes: ['batch'], value: 'text', needs: ['batch'] },
  size: { scopes: ['batch'], value: 'text', needs: ['batch'] },
  pause: { scopes: ['batch'], value: 'text', needs: ['batch'] },
}

/** Whether a key may stand where it does, with the value it has, beside the other keys of its line. */
export function judgeKey(
  pair: Pair,
  line: readonly Pair[],
  all: readonly Pair[],
  scope: 'file' | 'statement',
  options: DirectiveOptions,
): void {
  const key = Object.hasOwn(KEYS, pair.key) ? KEYS[pair.key] : undefined
  const refuse = (what: string, why: string, fix: string, at = pair.where): Refusal =>
    refusalAt(pair.comment, at, options.source, { what, why, fix })
  if (key === undefined) {
    throw unknownKey(pair, Object.keys(KEYS), options.source)
  }
  if (!inScope(key, scope)) {
    throw scope === 'statement'
      ? refuse(
          `${pair.key} stands above a statement, but speaks of the whole file`,
          'Directly above a statement only allow, batch and timeouts are read.',
          'Put it at the top of the file and leave a blank line below it.',
        )
      : refuse(
          `${pair.key} stands at the top of the file, but speaks of one statement`,
          'A batch is made of one statement, so its directive has to touch it.',
          'Put it directly above the statement, without a blank line between them.',
        )
  }
  if (key.scripts && options.script && !key.scripts.includes(options.script)) {
    throw refuse(
      `${pair.key} has no meaning in a ${options.script} script`,
      `It is read in a ${key.scripts.join(' or ')} script only.`,
      `Remove it here${key.scripts.length === 1 ? `, or move it to the ${key.scripts[0]} script` : ''}.`,
    )
  }
  const first = all.find((other) => sameDirective(other, pair, line))
  if (first !== undefined && first !== pair) {
    throw refuse(
      `${pair.key} is given twice`,
      `It is already given at line ${first.where.line}, column ${first.where.column}.`,
      'Keep one of them.',
    )
  }
  judgeValue(pair, key, refuse)
  const missing = missingCompanion(pair.key, key, line, all)
  if (missing !== null) {
    throw refuse(
      `${pair.key} stands without ${missing}`,
      `${pair.key} has a meaning only together with ${missing}${COMPANION_WHY[pair.key] ?? ''}.`,
      COMPANION_FIX[pair.key] ?? `Add ${missing} on the same line, or remove ${pair.key}.`,
    )
  }
}

const COMPANION_WHY: Readonly<Record<string, string>> = {
  allow: ': whoever reads the report later has to learn why',
  rollback: ': whoever reads the report later has to learn why',
  after: ': a migration that needs no time in between simply comes later in order',
}

const COMPANION_FIX: Readonly<Record<string, string>> = {
  allow: 'Add reason="…" on the same line.',
  rollback: 'Add reason="…" on the same line.',
  after: 'Add the time to wait after that version was applied: soak=7d.',
  batch:
    'Write batch key=id todo="…": the column to walk along and the condition that tells what is left to do.',
}

function judgeValue(
  pair: Pair,
  key: Key,
  refuse: (what: string, why: string, fix: string, at?: Pair['where']) => Refusal,
): void {
  const { value } = key
  if (value === 'word') {
    if (pair.value === null) return
    throw refuse(
      `${pair.key} takes no value`,
      'It is switched on by being there.',
      `Write ${pair.key} alone.`,
    )
  }
  if (pair.value === null) {
    const example = typeof value === 'string' ? '…' : value.join(` or ${pair.key}=`)
    throw refuse(
      `${pair.key} has no value`,
      'It means nothing without one.',
      `Write ${pair.key}=${example}.`,
    )
  }
  if (value === 'text' || value.includes(pair.value)) return
  throw refuse(
    `${pair.key}=${pair.value} is not known`,
    pair.key === 'allow'
      ? 'Only a hazard that the plan knows can be allowed.'
      : `${pair.key} takes no other value than ${value.join(', ')}.`,
    suggestion(pair.value, value),
    pair.valueWhere,
  )
}

function inScope(key: Key, scope: 'file' | 'statement'): boolean {
  return key.scopes.includes(scope) || (scope === 'statement' && key.scopes.includes('batch'))
}

/** `allow` may come once a hazard, `reason` once a line, every other key once a file or statement. */
function sameDirective(other: Pair, pair: Pair, line: readonly Pair[]): boolean {
  if (other.key !== pair.key) return false
  if (pair.key === 'reason') return line.includes(other)
  return pair.key !== 'allow' || other.value === pair.value
}

/** The first key that this one needs beside it and that is missing; `reason` needs any of those it can serve. */
function missingCompanion(
  name: string,
  key: Key,
  line: readonly Pair[],
  all: readonly Pair[],
): string | null {
  const needs = key.needs ?? []
  const beside = name === 'reason' || needs.includes('reason') ? line : all
  const missing = needs.filter((need) => !beside.some((pair) => pair.key === need))
  if (name === 'reason') return missing.length === needs.length ? needs.join(' or ') : null
  return missing[0] ?? null
}
