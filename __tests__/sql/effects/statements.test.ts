import { beforeAll, describe, expect, test } from '@jest/globals'
import {
  parseConstraintDefinition,
  parseIndexDefinition,
  parseTriggerDefinition,
} from '../../../src/sql/catalog-definition.ts'
import { type Comparison, sameConstraint, sameIndex } from '../../../src/sql/compare-definitions.ts'
import { effectsOf } from '../../../src/sql/effects.ts'
import { compareExpressions } from '../../../src/sql/expression.ts'
import { loadParser, parseSql } from '../../../src/sql/parser.ts'
import type { Effect, Node, ObjectRef, TriggerDefinition } from '../../../src/sql/types.ts'
import { servers, type TestDatabase, withDatabase } from '../../support/database.ts'
import { type CatalogObject, identity, readObjects } from './catalog.ts'
import { type Case, CHANGES, SETUP } from './statements.ts'

beforeAll(loadParser)

const CASES: readonly Case[] = CHANGES.map((each) =>
  typeof each === 'string' ? { sql: each } : each,
)

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('every statement does to the catalog what its effects say, and nothing else', async () => {
    await withDatabase({ major }, async (database) => {
      const failures: string[] = []
      await database.query('BEGIN')
      await database.query(SETUP)
      const before = await readObjects(database)
      for (const { sql } of CASES.filter(({ from = 14 }) => from <= major)) {
        await database.query('SAVEPOINT fresh')
        const error = await run(database, sql)
        const problems =
          error === null ? judge(sql, before, await readObjects(database), major) : [error]
        await database.query('ROLLBACK TO fresh')
        failures.push(...problems.map((problem) => `${sql}: ${problem}`))
      }
      expect(failures).toEqual([])
    })
  }, 120_000)
})

/** The server's refusal, or null. */
async function run(database: TestDatabase, sql: string): Promise<string | null> {
  try {
    await database.query(sql)
    return null
  } catch (error) {
    return `the server refused it: ${error instanceof Error ? error.message : error}`
  }
}

type Objects = readonly CatalogObject[]

function judge(sql: string, before: Objects, after: Objects, major: number): string[] {
  const effects = parseSql(sql).flatMap(({ node }) => effectsOf(node, { searchPath: ['s'] }))
  const old = new Map(before.map((object) => [identity(object), object]))
  const now = new Map(after.map((object) => [identity(object), object]))
  const created = after.filter((object) => !old.has(identity(object)))
  const gone = before.filter((object) => !now.has(identity(object)))
  const moved = effects.some(({ op }) => op === 'rename' || op === 'set schema')
  return [
    ...effects.flatMap((each) => judgeEffect(each, old, now, created, major)),
    ...(moved ? [] : missed(effects, created, gone)),
    ...(effects.length === 0 ? ['no effects'] : []),
    ...effects.filter(({ op }) => op === 'unknown').map(({ reason }) => `unknown: ${reason}`),
  ]
}

function judgeEffect(
  each: Effect,
  old: ReadonlyMap<string, CatalogObject>,
  now: ReadonlyMap<string, CatalogObject>,
  created: Objects,
  major: number,
): string[] {
  const key = identityOf(each.object)
  switch (each.op) {
    case 'create':
    case 'replace': {
      const skipped = each.ifNotExists && old.has(key)
      const found = each.object.name === null ? unnamed(each, created) : now.get(key)
      if (found === undefined) {
        return each.ifExists || (isNotNull(each) && major < 18) ? [] : [`${key} isn't there`]
      }
      const made = skipped || each.op === 'replace' || !old.has(key) || replaced(each)
      return made ? judgeDefinition(each, found) : [`${key} was there before`]
    }
    case 'drop': {
      if (!old.has(key) && !each.ifExists) return [`${key} wasn't there before`]
      return []
    }
    case 'rename': {
      const next = identityOf({ ...each.object, name: each.to ?? '' })
      return [
        ...(now.has(key) ? [`${key} is still there`] : []),
        ...(now.has(next) ? [] : [`${next} isn't there`]),
      ]
    }
    case 'set schema': {
      const next = identityOf({ ...each.object, schema: each.to ?? '' })
      return now.has(next) && !now.has(key) ? [] : [`${next} isn't there`]
    }
    case 'alter':
      return judgeAlter(each, now.get(key), key)
    default:
      return now.has(key) || each.ifExists ? [] : [`${key} isn't known`]
  }
}

/** DROP CONSTRAINT c, ADD CONSTRAINT c: it was there and is there. */
function replaced({ object }: Effect): boolean {
  return object.name === 'price_positive'
}

function isNotNull({ constraint }: Effect): boolean {
  return constraint?.type === 'not null'
}

function judgeAlter(each: Effect, found: CatalogObject | undefined, key: string): string[] {
  if (found === undefined) return each.ifExists ? [] : [`${key} isn't known`]
  return each.object.kind === 'column' ? judgeColumn(each, found) : []
}

/** Created objects without an effect, dropped ones that nothing accounts for. */
function missed(effects: readonly Effect[], created: Objects, gone: Objects): string[] {
  const named = new Set(effects.map(({ object }) => identityOf(object)))
  const anonymous = effects.filter(({ op, object }) => op === 'create' && object.name === null)
  const lost = created
    .filter((object) => !object.implicit && !named.has(identity(object)))
    .filter((object) => !anonymous.some((each) => unnamed(each, [object]) !== undefined))
    .filter((object) => !columnsUnknown(effects, object))
  const cascades = effects.some(({ cascade, op }) => cascade === true || op === 'drop')
  const vanished = cascades
    ? []
    : gone.filter((object) => !object.implicit && !isReplacedIndex(effects, object))
  return [
    ...lost.map((object) => `no effect creates ${identity(object)}`),
    ...vanished.map((object) => `no effect drops ${identity(object)}`),
    ...effects
      .filter(({ op, ifExists }) => op === 'drop' && !ifExists)
      .map(({ object }) => identityOf(object))
      .filter((key) => !gone.some((object) => identity(object) === key))
      .filter(
        (key) => !effects.some((each) => each.op === 'create' && identityOf(each.object) === key),
      )
      .map((key) => `${key} isn't gone`),
  ]
}

/** The columns of a table made of a query or of a type are known to the server only, like all that LIKE copies and an extension brings. */
function columnsUnknown(effects: readonly Effect[], { kind, table }: CatalogObject): boolean {
  return effects.some(
    ({ op, object, change }) =>
      op === 'create' &&
      (object.kind === 'extension' ||
        (kind === 'column' &&
          object.kind === 'table' &&
          object.name === table &&
          !effects.some((each) => each.object.kind === 'column')) ||
        (change?.includes('LIKE') === true && (table === 'a' || kind !== 'table'))),
  )
}

/** USING INDEX gives the index the constraint's name; dropping an identity drops its sequence. */
function isReplacedIndex(effects: readonly Effect[], { kind, name }: CatalogObject): boolean {
  return effects.some(
    ({ constraint, change }) =>
      (kind === 'index' && constraint?.usingIndex === name) ||
      (kind === 'sequence' && change === 'DROP IDENTITY'),
  )
}

function unnamed(each: Effect, created: Objects): CatalogObject | undefined {
  const { kind, schema, table } = each.object
  const candidates = created.filter(
    (object) =>
      object.kind === kind &&
      object.schema === schema &&
      (kind === 'sequence' || object.table === table?.name),
  )
  return candidates.find((object) => judgeDefinition(each, object).length === 0)
}

function judgeDefinition(each: Effect, found: CatalogObject): string[] {
  const { constraint, index, trigger } = each
  const text = found.definition ?? ''
  if (constraint !== undefined) {
    const actual = parseConstraintDefinition(text)
    if (actual === null) return [`can't read ${text}`]
    const valid = found.detail?.valid === constraint.valid ? [] : [`valid: ${found.detail?.valid}`]
    return [...verdict(sameConstraint(constraint, actual), text), ...valid]
  }
  if (index !== undefined) {
    const actual = parseIndexDefinition(text)
    return actual === null ? [`can't read ${text}`] : verdict(sameIndex(index, actual), text)
  }
  if (trigger !== undefined) {
    const actual = parseTriggerDefinition(text)
    return actual === null ? [`can't read ${text}`] : differencesOfTriggers(trigger, actual)
  }
  if (each.object.kind === 'column') return judgeColumn(each, found)
  const wanted = each.object.arguments?.join(', ')
  if (wanted !== undefined && found.arguments !== null && !sameArguments(wanted, found.arguments)) {
    return [`arguments are ${found.arguments}, not ${wanted}`]
  }
  if (each.object.kind === 'domain' && each.column?.type !== found.definition) {
    return [`domain over ${found.definition}`]
  }
  return []
}

/** The server leaves out the schema that its search path finds, and orders the transition tables. */
function differencesOfTriggers(written: TriggerDefinition, stored: TriggerDefinition): string[] {
  const plain = ({ when: _, function: called, referencing = [], ...rest }: TriggerDefinition) => ({
    arguments: [],
    deferrable: false,
    initiallyDeferred: false,
    from: null,
    ...rest,
    function: called.name,
    referencing: referencing.toSorted(),
  })
  const [one, other] = [plain(written), plain(stored)].map((each) =>
    JSON.stringify(Object.entries(each).toSorted()),
  )
  const same = compareExpressions(written.when ?? 'NULL', stored.when ?? 'NULL') === 'same'
  return one === other && same
    ? []
    : [`${one} WHEN ${written.when}, not ${other} WHEN ${stored.when}`]
}

/** Modifiers of argument types are dropped by the server. */
function sameArguments(wanted: string, found: string): boolean {
  const plain = wanted.replace(/\(\d+(,\d+)?\)/g, '')
  return plain === found || wanted.includes('%TYPE')
}

const IDENTITIES: Readonly<Record<string, string>> = { always: 'a', 'by default': 'd' }
const GENERATED: Readonly<Record<string, string>> = { stored: 's', virtual: 'v' }

function judgeColumn({ column }: Effect, { detail, definition }: CatalogObject): string[] {
  if (column === undefined || detail === null) return []
  const problems: string[] = []
  if (column.type !== undefined && column.type !== detail.type) {
    problems.push(`type is ${detail.type}, not ${column.type}`)
  }
  if (column.notNull !== undefined && column.notNull !== detail.notNull) {
    problems.push(`not null is ${detail.notNull}`)
  }
  if (
    column.identity !== undefined &&
    (IDENTITIES[column.identity ?? ''] ?? '') !== detail.identity
  ) {
    problems.push(`identity is ${detail.identity}`)
  }
  if (
    column.generated !== undefined &&
    (GENERATED[column.generated ?? ''] ?? '') !== detail.generated
  ) {
    problems.push(`generated is ${detail.generated}`)
  }
  const serial = /^nextval\(/.test(definition ?? '')
  if (column.default === null && definition !== null && !serial)
    problems.push(`default ${definition}`)
  if (
    typeof column.default === 'string' &&
    compareExpressions(column.default, definition ?? '') !== 'same'
  ) {
    problems.push(`default is ${definition}, not ${column.default}`)
  }
  return problems
}

function verdict({ differences, expressionCertain }: Comparison, text: string): string[] {
  return [...differences, ...(expressionCertain ? [] : [`not certain of ${text}`])]
}

function identityOf(object: ObjectRef): string {
  return identity({
    kind: object.kind,
    schema: object.schema,
    table: object.table?.name ?? null,
    name: object.name,
  })
}

test('a statement that the table of families lacks would be told, not passed over', () => {
  expect(effectsOf({ NewStmt: {} } as Node, { searchPath: null })).toEqual([
    expect.objectContaining({ op: 'unknown', reason: 'NewStmt is not understood' }),
  ])
})
