import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { compileMigration } from '../../src/plan/compile.ts'
import { discoverMigrations } from '../../src/runbook/layout.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { expectationLines, planOf, refusalOf, stepLines } from './planning.ts'

beforeAll(loadParser)

function recipe() {
  const files = ['', 'rollbacks/', 'verify/'].flatMap((folder) =>
    readdirSync(`migrations/${folder}`)
      .filter((name) => name.endsWith('.sql'))
      .map((name) => {
        const path = `migrations/${folder}${name}`
        return { path, text: readFileSync(path, 'utf8') }
      }),
  )
  return discoverMigrations(files, 'migrations').map((one) => compileMigration(one))
}

describe('the recipe application', () => {
  test('is cut at VALIDATE and around concurrent builds, and nowhere else', () => {
    const steps = recipe().map(({ steps }) =>
      steps.map(({ kind, budget, title }) => `${kind} ${budget} ${title}`),
    )
    expect(steps).toEqual([
      ['transaction short transaction: 2 statements'],
      [
        'transaction short transaction: 4 statements',
        'transaction long VALIDATE CONSTRAINT "Company_ownerId_fkey" on "Company"',
        'transaction long VALIDATE CONSTRAINT "ProductionPlan_createdBy_fkey" on "ProductionPlan"',
        'transaction long VALIDATE CONSTRAINT "ProductionTask_assignedTo_fkey" on "ProductionTask"',
        'transaction long VALIDATE CONSTRAINT "InventoryMovement_createdBy_fkey" on "InventoryMovement"',
      ],
      [
        'transaction short transaction: 4 statements',
        'transaction long VALIDATE CONSTRAINT recipe_selling_price_positive on "Recipe"',
        'transaction long VALIDATE CONSTRAINT ingredient_pack_price_positive on "Ingredient"',
        'transaction long VALIDATE CONSTRAINT recipe_yield_quantity_positive on "Recipe"',
        'transaction long VALIDATE CONSTRAINT recipe_item_quantity_positive on "RecipeItem"',
      ],
      [
        'recipe_name_trgm',
        'recipe_description_trgm',
        'recipe_method_trgm',
        'recipe_list_covering',
        'sales_record_analytics',
        'production_history_company_date_recipe',
        'inventory_movement_history',
        'notification_unread',
        'wholesale_order_status_date',
      ].map((name) => `statement long CREATE INDEX CONCURRENTLY idx_${name}`),
      ['transaction short transaction: 2 statements'],
      [
        'transaction short transaction: 3 statements',
        'transaction long VALIDATE CONSTRAINT recipe_category_consistency_check on "Recipe"',
      ],
      ['transaction short transaction: 3 statements'],
    ])
  })

  test('is expected to leave eleven valid constraints, nine indexes, a function and its trigger', () => {
    const lines = recipe()
      .slice(0, 6)
      .flatMap(({ expectations }) => expectationLines(expectations))
    expect(lines.filter((line) => /^constraint .* valid/.test(line))).toHaveLength(11)
    expect(lines.filter((line) => line.includes('not valid'))).toEqual([])
    expect(lines.filter((line) => line.startsWith('index idx_'))).toHaveLength(9)
    expect(lines).toContain('trigger sync_recipe_category_trigger on "Recipe": present enabled O')
    expect(lines).toContain('function sync_recipe_category_from_id(): present')
    expect(lines).toHaveLength(22)
  })

  test('has rollback scripts cut by the same rules, and a clean-up that waits', () => {
    const planned = recipe()
    expect(planned.slice(0, 6).every(({ rollback }) => rollback !== null)).toBe(true)
    expect(planned[3]?.rollback?.steps.map(({ kind, budget }) => `${kind} ${budget}`)).toEqual(
      Array.from({ length: 9 }, () => 'statement long'),
    )
    expect(planned[6]?.directives).toMatchObject({
      disabled: true,
      after: { version: '20250115160001', soak: '7d' },
    })
  })

  test('says what can not be undone', () => {
    const notes = recipe().map(({ irreversible }) => irreversible.map(({ message }) => message))
    expect(notes.slice(0, 4)).toEqual([[], [], [], []])
    expect(notes[4]).toEqual(['the values that UPDATE replaces in table "Recipe" are not kept'])
    expect(notes[5]).toEqual([])
    expect(notes[6]).toEqual([
      'not meant to be undone: The category as it was typed is gone with the column; only a backup has it.',
    ])
  })
})

describe('a migration', () => {
  test('shows what it allows as information, with the reason', () => {
    const sql = 'BEGIN;\nALTER TABLE t VALIDATE CONSTRAINT c;\nCOMMIT;'
    const allow = '-- airlock: allow=validate-in-transaction reason="tiny table"\n\n'
    expect(planOf(sql).notes[0]?.severity).toBe('warning')
    const [note] = planOf(allow + sql).notes
    expect(note?.severity).toBe('info')
    expect(note?.message).toMatch(/ \(allowed: tiny table\)$/)
  })

  test('allows a hazard for one statement only', () => {
    const validate = 'ALTER TABLE t VALIDATE CONSTRAINT c;\n'
    const sql = `BEGIN;\n\n-- airlock: allow=validate-in-transaction reason="tiny"\n${validate}${validate}COMMIT;`
    expect(planOf(sql).notes.map(({ severity }) => severity)).toEqual(['info', 'warning'])
  })

  test('that says rollback=none has no rollback script', () => {
    const sql = '-- airlock: rollback=none reason="never"\n\nSELECT 1;'
    expect(refusalOf(() => planOf(sql, { rollback: 'SELECT 1;' }))).toBe(
      '1:1 migrations/1_try.sql says rollback=none, but has a rollback script',
    )
  })

  test('has its rollback script refused at plan time too [trap: nobody-ran-the-rollback]', () => {
    expect(refusalOf(() => planOf('SELECT 1;', { rollback: 'SELECT 1;\nBEGIN;' }))).toBe(
      '2:1 the file ends with its own transaction open',
    )
    expect(
      stepLines({ steps: planOf('SELECT 1;', { rollback: 'VACUUM;' }).rollback?.steps ?? [] }),
    ).toEqual(['statement long 1: VACUUM'])
  })

  test.each<[string, string[]]>([
    ["ALTER TYPE m ADD VALUE 'x';", ["value 'x' of type m can't be removed again"]],
    ["CREATE TYPE m AS ENUM ('a'); ALTER TYPE m ADD VALUE 'x';", []],
    ['ALTER TABLE t DROP COLUMN a, DROP CONSTRAINT c;', ['the data of column t.a is not kept']],
    ['TRUNCATE t;', ['the rows that TRUNCATE removes from table t are not kept']],
    ['DELETE FROM t;', ['the rows that DELETE removes from table t are not kept']],
    ['CREATE TABLE t (a int); UPDATE t SET a = 1; DROP TABLE t;', []],
    ['CREATE TEMP TABLE t (a int); DELETE FROM t;', []],
    ['BEGIN; DROP TABLE t; ROLLBACK;', []],
  ])('lists what SQL can not undo: %s', (sql, messages) => {
    expect(planOf(sql).irreversible.map(({ message }) => message)).toEqual(messages)
  })
})
