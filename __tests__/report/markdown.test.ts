import { describe, expect, test } from '@jest/globals'
import { renderSummary } from '../../src/report/markdown.ts'
import type { Report } from '../../src/report/types.ts'
import { bigDatabase, gateSamples } from './gate-samples.ts'
import { lockSamples } from './lock-samples.ts'
import * as sample from './samples.ts'
import { at, migration, passed, report } from './samples.ts'

const bytes = (text: string) => new TextEncoder().encode(text).length

/** The lines outside code fences. */
function prose(page: string): string[] {
  let fence = ''
  return page.split('\n').filter((line) => {
    const ticks = /^`{3,}/.exec(line)?.[0] ?? ''
    if (fence === '' && ticks !== '') fence = ticks
    else if (fence !== '' && line === fence) fence = ''
    else return fence === ''
    return false
  })
}

/** The cells of each row of each table, as GitHub parts them: at pipes that no backslash precedes. */
function tables(page: string): string[][][] {
  const found: string[][][] = []
  let before = ''
  for (const line of prose(page)) {
    if (line.startsWith('|')) {
      if (!before.startsWith('|')) found.push([])
      found.at(-1)?.push(
        line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim()),
      )
    }
    before = line
  }
  return found
}

function expectFoldsToClose(page: string): void {
  const lines = prose(page)
  const opened = lines.filter((line) => line.startsWith('<details>')).length
  expect(lines.filter((line) => line === '</details>')).toHaveLength(opened)
}

function section(page: string, heading: string): string {
  const begin = page.indexOf(`### ${heading}`)
  if (begin < 0) throw new Error(`no section ${heading}`)
  const end = page.indexOf('\n### ', begin)
  return page.slice(begin, end < 0 ? undefined : end)
}

describe('every sample', () => {
  test.each(Object.entries({ ...sample.samples, ...gateSamples, ...lockSamples }))(
    '%s is a whole page',
    (_, report) => {
      const page = renderSummary(report)
      for (const table of tables(page)) {
        expect(new Set(table.map((row) => row.length)).size).toBe(1)
      }
      expectFoldsToClose(page)
      expect(page.startsWith('## ')).toBe(true)
      expect(page).not.toMatch(/undefined|\[object|NaN/)
    },
  )
})

describe('a deployment of the six migrations', () => {
  const page = renderSummary(sample.deployed)

  test('shows 11 constraints and 9 indexes, VALID beside VALID', () => {
    for (const [heading, count] of [
      ['Constraints: 11 of 11 as expected', 11],
      ['Indexes: 9 of 9 as expected', 9],
    ] as const) {
      const [rows] = tables(section(page, heading))
      expect(rows?.slice(2)).toHaveLength(count)
      for (const row of rows?.slice(2) ?? []) {
        expect([row[0], row[3], row[4]]).toEqual(['✅', '`VALID`', '`VALID`'])
      }
    }
  })

  test("has the runbook's columns, names as the server prints them", () => {
    const [rows] = tables(section(page, 'Constraints'))
    expect(rows?.[0]?.slice(1, 4)).toEqual(['constraint_name', 'table_name', 'expected'])
    expect(rows?.[4]?.slice(1, 3)).toEqual(['`"Company_ownerId_fkey"`', '`"Company"`'])
  })

  test('shows the trigger, and unmapped = 0 expected and found', () => {
    expect(section(page, 'Other objects')).toContain('`sync_recipe_category_trigger`')
    expect(section(page, 'Verify scripts')).toContain(
      '|  | `mapped` | `unmapped` |\n| :-- | :-- | :-- |\n| expected | `*` | `0` |\n| actual | `48213` | `0` |',
    )
  })

  test('has a line a migration: outcome, time taken and expected, lock impact, steps, rows', () => {
    const [rows] = tables(section(page, 'Migrations'))
    expect(rows?.[6]).toEqual([
      '✅&nbsp;applied',
      '`20250115160000`<br>`fix_recipe_category_fields_backfill`',
      '1&nbsp;min&nbsp;24&nbsp;s<br>(\\~1-2 minutes)',
      'Medium (UPDATE on Recipe table)',
      '1',
      '14&nbsp;inserted<br>48,213&nbsp;updated',
    ])
  })

  test('names database, user, version, TLS, run, person, commit and duration', () => {
    expect(page).toContain(
      '**production** · `recipe` on `db.recipes.example:5432` as `deployer`, role `recipe_owner` · PostgreSQL 16.14 · TLSv1.3 · run `0192f3a1-7c44-7d1e-9b7e-2f1f0b8f6a11` · by `anna` · commit `4f2c9d1e8a7b` · 2025-01-15 12:00:03 UTC, 10 min 12 s',
    )
  })

  test('shows the settings beside what was read back', () => {
    expect(page).toContain('| `lock_timeout` | `2s` | `2s` |')
  })
})

describe('a failure', () => {
  const page = renderSummary(sample.failedInTransaction)
  const headings = page.match(/^##+ .*/gm) ?? []

  test('tells first what failed, then what was undone, then the state, then what to do', () => {
    expect(headings.slice(0, 7)).toEqual([
      expect.stringMatching(/^## ❌ Failed: 20250115140000/),
      '### What failed',
      '### What was undone',
      '### The database now',
      '### What happens next',
      '### The run',
      '### Migrations',
    ])
  })

  test('says where, with the statement, a caret and the SQLSTATE', () => {
    expect(section(page, 'What failed')).toContain(
      'At `migrations/20250115140000_add_check_constraints.sql:12:3`',
    )
    expect(section(page, 'What failed')).toContain(
      '```sql\nALTER TABLE "Recipe"\n  ADD CONSTRAINT recipe_selling_price_positive CHECK ("sellingPrice" > 0)\n  ^\n```',
    )
    expect(section(page, 'What failed')).toContain('- SQLSTATE: `23514` check\\_violation')
  })

  test('says that Postgres rolled back and that the fingerprints are equal', () => {
    expect(section(page, 'What was undone')).toContain(
      'Postgres rolled its transaction back. ✅ The catalog is as it was before: the fingerprints are equal.',
    )
  })

  test('lists what stays and what did not run', () => {
    expect(section(page, 'The database now')).toContain(
      '- Applied in this run and staying: `20250115120000`, `20250115130000`',
    )
  })

  test('does not count what was undone among what stands', () => {
    const [first] = sample.deployed.migrations
    if (first === undefined) throw new Error('the sample has migrations')
    const undone = renderSummary(
      report({
        outcome: 'rolled-back',
        exitCode: 1,
        error: { message: 'a later one failed' },
        migrations: [{ ...first, outcome: 'rolled-back' }],
      }),
    )
    expect(undone).not.toContain('### Constraints')
    expect(undone).toContain('Verified before it was undone: 3 of 3 as expected')
  })
})

describe('an ending that needs a person', () => {
  const page = renderSummary(sample.needsAttention)

  test('prints the difference once, and names what is kept', () => {
    expect(page.match(/```diff/g)).toHaveLength(1)
    expect(section(page, 'What was undone')).toContain('+ constraint public."Recipe"')
    expect(section(page, 'What was undone')).toContain('- public."Recipe": 48,213 updated')
  })

  test('marks the cell that is not as expected', () => {
    expect(section(page, 'What failed')).toContain('| actual | `48201` | ❌ **`12`** |')
  })

  test('shows what was not checked with its reason, and never as passed', () => {
    const scripts = section(page, 'Verify scripts: 0 of 2 as expected, 1 not, 1 not checked')
    expect(scripts).toContain('Not checked: permission denied for table "RecipeCategory" (42501)')
  })
})

test('a refusal says why and what to do', () => {
  const page = renderSummary(sample.refused)
  expect(page).toContain('- Why: PostgreSQL refuses it inside a transaction block')
  expect(page).toContain('- What to do: remove the BEGIN in line 3')
  expect(page).not.toContain('### Migrations')
})

test('a cure and a reason are told once', () => {
  const fix = sample.refused.error?.fix ?? ''
  const refused = renderSummary({ ...sample.refused, next: [fix, 'Then deploy again.'] })
  expect(refused.split(fix)).toHaveLength(2)
  expect(refused).toContain('- Then deploy again.')
  const waiting = migration('7', 'later', { outcome: 'waiting', reason: 'waits until Monday' })
  const page = (next: string[]) => renderSummary(report({ migrations: [waiting], next }))
  expect(page([])).toContain('- `7`: waits until Monday')
  expect(page(['7: waits until Monday.']).split('waits until Monday')).toHaveLength(2)
})

test('a plan shows each step with why it is one', () => {
  const page = renderSummary(sample.planned)
  expect(page).toContain(
    '| `20250115150000` | 1 | CREATE INDEX CONCURRENTLY idx\\_recipe\\_name\\_trgm | 9 | CREATE INDEX CONCURRENTLY cannot run inside a transaction block |',
  )
})

test('a run without a target, migrations or settings is still a page', () => {
  const page = renderSummary(report({ outcome: 'nothing-to-do', target: null, session: [] }))
  expect(page).toContain('no database was connected')
  expect(page).toContain('There are no migrations.')
})

test('more rows than were kept are never called missing', () => {
  const rows = Array.from({ length: 150 }, (_, index) => [String(index)])
  const one = {
    ...passed('query', 'numbers', '', '150 rows'),
    query: {
      title: 'numbers',
      columns: ['n'],
      expectedRows: rows,
      actualRows: rows.slice(0, 100),
      actualRowCount: 150,
      conditions: [],
    },
  }
  const page = renderSummary(report({ migrations: [migration('1', 'a', { verification: [one] })] }))
  expect(page).not.toContain('missing')
  expect(page).toContain('50 more actual rows not kept')
})

test('a failed query without rows is not said to have found none as expected', () => {
  const one = {
    ...passed('query', 'numbers', '', ''),
    expected: '0 rows',
    actual: 'division by zero (22012)',
    outcome: 'failed' as const,
    query: {
      title: 'numbers',
      columns: [],
      expectedRows: [],
      actualRows: [],
      actualRowCount: 0,
      conditions: [],
    },
  }
  const page = renderSummary(report({ migrations: [migration('1', 'a', { verification: [one] })] }))
  expect(page).not.toContain('Expected no rows, found none')
  expect(page).toContain('Expected `0 rows`, found `division by zero (22012)`')
})

describe.each([
  ['in a migration', sample.hostile],
  ['at shut gates', gateSamples.hostileGates ?? sample.hostile],
  ['in the evidence', gateSamples.hostileEnding ?? sample.hostile],
])('hostile text %s', (_, report) => {
  const page = renderSummary(report)

  test('opens no link, image, HTML or mention, and forges no line', () => {
    const outside = prose(page)
      .join('\n')
      .replace(/(`+)(?!`).*?[^`]\1(?!`)/g, '')
    expect(outside).not.toMatch(/<img|(?<!\\)\]\(|@admin|\$x\$|^::/m)
  })

  test('hides nothing', () => {
    expect(page).not.toMatch(/[\u202e\u200b]/)
    expect(page).toContain('⟨U+202E⟩')
  })
})

describe('the size ladder', () => {
  const huge = (count: number, name: string): Report =>
    report({
      outcome: 'failed',
      exitCode: 1,
      error: { message: 'it broke', version: '0', where: at('a.sql', 1) },
      migrations: Array.from({ length: count }, (_, index) =>
        migration(String(index), `${name}_${index}`, {
          outcome: index === 0 ? 'failed' : 'not-run',
          notices: [{ severity: 'NOTICE', code: '00000', message: name.repeat(20) }],
          verification: [passed('index', `${name}_idx_${index}`, name, 'VALID')],
        }),
      ),
    })

  test('leaves a page alone that fits', () => {
    expect(renderSummary(sample.hundreds)).not.toContain('shortened')
    expect(renderSummary(sample.hundreds)).toContain('_number_499')
  })

  test.each([
    [500, 'short'],
    [5_000, 'a_name_as_long_as_names_can_be_in_postgres_which_is_63_byt'],
    [20_000, '日本語の名前'],
  ])('keeps %d migrations under a million bytes and says what was left out', (count, name) => {
    const page = renderSummary(huge(count, name))
    expect(bytes(page)).toBeLessThanOrEqual(1_000_000)
    expect(page).toContain('**it broke**')
    if (count > 500) expect(page).toContain('left out here')
  })

  test.each([1_000, 2_000, 5_000, 20_000, 100_000])('keeps to a limit of %d bytes', (limit) => {
    for (const one of [
      ...Object.values(sample.samples),
      ...Object.values(gateSamples),
      huge(3_000, 'x'.repeat(60)),
    ]) {
      const page = renderSummary(one, limit)
      expect(bytes(page)).toBeLessThanOrEqual(limit)
      expectFoldsToClose(page)
    }
  })

  test('2,000 tables and 20,000 constraints fit, with the criteria and within seconds', () => {
    const big = bigDatabase()
    const started = performance.now()
    const page = renderSummary(big)
    expect(performance.now() - started).toBeLessThan(4_000)
    expect(bytes(page)).toBeLessThanOrEqual(1_000_000)
    expect(page).toContain('Constraints: 20,000 of 20,000 as expected')
    expect(page).toContain('### Success criteria: 6 of 7 met, 1 not checked')
    expect(page).toContain('left out here')
  })

  test('where only some sections fit, the criteria come before the checks that passed', () => {
    const evidence = gateSamples.wholeRunbook ?? sample.deployed
    const fits = Array.from({ length: 40 }, (_, index) =>
      renderSummary(evidence, 1_000 + index * 250),
    )
    expect(fits.some((page) => page.includes('### Success criteria'))).toBe(true)
    for (const page of fits.filter((one) => one.includes('### Preflight checks')))
      expect(page).toContain('### Success criteria')
  })

  test('a statement of megabytes and a query of a thousand columns still fit, with what failed', () => {
    const columns = Array.from({ length: 1_600 }, (_, index) => `column_${index}`)
    const wide = columns.map(() => 'x'.repeat(2_000))
    const page = renderSummary(
      report({
        outcome: 'failed',
        exitCode: 1,
        error: { message: 'm'.repeat(3_000_000), excerpt: `SELECT ${'1, '.repeat(1_000_000)}\n^` },
        migrations: [
          migration('1', 'a', {
            outcome: 'failed',
            verification: [
              {
                ...passed('query', 'wide', '', ''),
                outcome: 'failed',
                query: {
                  title: 'wide',
                  columns,
                  expectedRows: Array.from({ length: 10 }, () => wide),
                  actualRows: [],
                  actualRowCount: 0,
                  conditions: [],
                },
              },
            ],
          }),
        ],
      }),
    )
    expect(bytes(page)).toBeLessThanOrEqual(1_000_000)
    expect(page).toContain('### What failed')
    expect(page).toContain('1,560 more columns left out here')
  })
})
