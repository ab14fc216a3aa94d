import type { Refusal } from '../report/refusal.ts'
import type { DirectiveOptions } from './directive-keys.ts'
import { judgeKey } from './directive-keys.ts'
import type { DirectiveComment, Pair } from './directive-syntax.ts'
import { isDirective, parsePairs, refusalAt } from './directive-syntax.ts'
import { parseDuration, parseTimeout } from './duration.ts'
import type { BatchDirective, FileDirectives, StatementDirectives } from './types.ts'
import { parseVersion } from './version.ts'

export type { DirectiveOptions, ScriptKind } from './directive-keys.ts'
export { placeDirectives, splitDirectives } from './directive-placement.ts'
export type { DirectiveComment } from './directive-syntax.ts'
export { isDirective } from './directive-syntax.ts'

/** Rows of a batch and the pause after it, where the directive doesn't say. */
const BATCH_SIZE = 5000
const BATCH_PAUSE = '100ms'

/**
 * The directives of a file, out of its header's comments; comments that are no directive are skipped. Durations in ms.
 *
 * @throws Refusal with the exact place of an unknown, repeated, misplaced or malformed key.
 */
export function parseFileDirectives(
  comments: readonly DirectiveComment[],
  options: DirectiveOptions = {},
): FileDirectives {
  const reader = readDirectives(comments, 'file', options)
  const version = reader.pair('after')
  if (version?.value != null && parseVersion(version.value) === null) {
    throw reader.malformed(version, 'is not a version', 'Write digits in groups: 20250115120000.')
  }
  const soak = reader.text('soak')
  const expectDuration = reader.text('expect_duration')
  const lockImpact = reader.text('lock_impact')
  const locks = reader.text('locks')
  const retryTimeout = reader.timeout('retry_timeout')
  return {
    ...(reader.pair('transaction') && { transaction: 'off' }),
    ...timeouts(reader),
    ...(retryTimeout !== undefined && { retryTimeout }),
    ...(reader.pair('disabled') && { disabled: true }),
    ...(version?.value != null && soak !== undefined
      ? { after: { version: version.value, soak, soakMs: reader.duration('soak') ?? 0 } }
      : {}),
    ...(reader.pair('rollback') && {
      rollback: { none: true, reason: reader.reason('rollback') },
    }),
    ...((locks === 'as-written' || locks === 'up-front') && { locks }),
    ...(reader.pair('retry') && { retry: 'safe' }),
    ...(reader.pair('partial') && { partial: 'ok' }),
    ...(expectDuration !== undefined && { expectDuration }),
    ...(lockImpact !== undefined && { lockImpact }),
    allow: reader.allowed(),
  }
}

/**
 * The directives directly above one statement: `allow`, timeouts and `batch` only.
 *
 * @throws Refusal with the exact place, also for what belongs to the file.
 */
export function parseStatementDirectives(
  comments: readonly DirectiveComment[],
  options: DirectiveOptions = {},
): StatementDirectives {
  const reader = readDirectives(comments, 'statement', options)
  const batch = reader.pair('batch')
  return {
    ...timeouts(reader),
    allow: reader.allowed(),
    ...(batch && { batch: parseBatch(batch, reader) }),
  }
}

function timeouts(
  reader: Reader,
): Pick<StatementDirectives, 'lockTimeout' | 'statementTimeout' | 'concurrentTimeout'> {
  const lockTimeout = reader.timeout('lock_timeout')
  const statementTimeout = reader.timeout('statement_timeout')
  const concurrentTimeout = reader.timeout('concurrent_timeout')
  return {
    ...(lockTimeout !== undefined && { lockTimeout }),
    ...(statementTimeout !== undefined && { statementTimeout }),
    ...(concurrentTimeout !== undefined && { concurrentTimeout }),
  }
}

function parseBatch(batch: Pair, reader: Reader): BatchDirective {
  const key = reader.pair('key')
  const size = reader.pair('size')
  const rows = size?.value == null ? BATCH_SIZE : Number(size.value)
  if (size && !(/^\d+$/.test(size.value ?? '') && rows >= 1 && rows <= 10_000_000)) {
    throw reader.malformed(size, 'is not a number of rows', 'Write a whole number, such as 5000.')
  }
  const columns = columnNames(key?.value ?? '')
  if (key && columns === null) {
    throw reader.malformed(
      key,
      'is not a list of columns',
      'Write key=id, or key="a,b" for a composite key; a name with a comma in it goes into (escaped) double quotes.',
    )
  }
  return {
    key: columns ?? [],
    todo: reader.text('todo') ?? '',
    size: rows,
    pauseMs: reader.duration('pause') ?? parseDuration(BATCH_PAUSE),
    where: batch.where,
  }
}

/** 'id', 'a,b', '"a,b", c': exact names, never folded to lower case; null when malformed or repeated. */
function columnNames(text: string): readonly string[] | null {
  const names: string[] = []
  const pattern = /\s*(?:"((?:[^"]|"")+)"|([^",]*[^",\s]))\s*(?:,|$)/gy
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)
    if (match === null) return null
    names.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
  }
  const closed = names.length > 0 && !/,\s*$/.test(text)
  return closed && new Set(names).size === names.length ? names : null
}

interface Reader {
  pair(key: string): Pair | undefined
  text(key: string): string | undefined
  duration(key: string): number | undefined
  timeout(key: string): number | undefined
  reason(key: string): string
  allowed(): FileDirectives['allow']
  malformed(pair: Pair, problem: string, fix: string): Refusal
}

function readDirectives(
  comments: readonly DirectiveComment[],
  scope: 'file' | 'statement',
  options: DirectiveOptions,
): Reader {
  const { source } = options
  const lines = comments
    .filter((comment) => isDirective(comment))
    .map((comment) => parsePairs(comment, source))
  const pairs = lines.flat()
  for (const line of lines) {
    for (const pair of line) judgeKey(pair, line, pairs, scope, options)
  }
  const find = (key: string): Pair | undefined => pairs.find((pair) => pair.key === key)
  const refuse = (pair: Pair, problem: string, why: string, fix: string): Refusal =>
    refusalAt(pair.comment, pair.valueWhere, source, { what: problem, why, fix })
  const measured = (key: string, parse: typeof parseDuration): number | undefined => {
    const pair = find(key)
    if (pair?.value == null) return undefined
    const { where, excerpt } = refuse(pair, '', '', '').parts
    return parse(pair.value, {
      name: key,
      ...(where && { where }),
      ...(excerpt !== undefined && { excerpt }),
    })
  }
  const reasonBeside = (pair: Pair | undefined): string =>
    pairs.find((each) => each.key === 'reason' && each.comment === pair?.comment)?.value ?? ''
  return {
    pair: find,
    text: (key) => find(key)?.value ?? undefined,
    duration: (key) => measured(key, parseDuration),
    timeout: (key) => measured(key, parseTimeout),
    reason: (key) => reasonBeside(find(key)),
    allowed: () =>
      pairs
        .filter((pair) => pair.key === 'allow')
        .map((pair) => ({
          hazard: pair.value ?? '',
          reason: reasonBeside(pair),
          where: pair.where,
        })),
    malformed: (pair, problem, fix) =>
      refuse(
        pair,
        `${pair.key}=${pair.value} ${problem}`,
        'A directive has to be exact: what it asks for is done.',
        fix,
      ),
  }
}
