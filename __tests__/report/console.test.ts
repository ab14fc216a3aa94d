import { describe, expect, test } from '@jest/globals'
import { renderEvent } from '../../src/report/console.ts'
import type { RunEvent } from '../../src/report/events.ts'
import type { Verification } from '../../src/report/types.ts'
import * as gates from './gate-samples.ts'
import * as sample from './samples.ts'
import { at, migration, passed, poison, step } from './samples.ts'

const plain = { color: false, width: 60 }
const lines = (event: RunEvent) => renderEvent(event, plain).lines

const one = migration('20250115120000', 'add_a', {
  expectDuration: '~30 seconds',
  lockImpact: 'Low',
  durationMs: 412,
  steps: [
    step(1, 'transaction: 2 statements', { where: at('a.sql', 3) }),
    step(2, 'CREATE INDEX CONCURRENTLY idx_recipe_description_trgm', { where: at('a.sql', 9) }),
  ],
})
const [, build = one.steps[0]] = one.steps

test('a connection names database, user, version and TLS', () => {
  expect(lines({ type: 'connected', target: sample.target })).toEqual([
    'Connected to production (recipe on db.recipes.example), port 5432, as deployer, role recipe_owner (PostgreSQL 16.14, TLSv1.3)',
  ])
})

test('a migration is a group; how it ended is told after the group', () => {
  expect(
    renderEvent({ type: 'migration-started', migration: one, index: 2, total: 6 }, plain),
  ).toEqual({
    lines: ['[2/6] 20250115120000 add_a (2 steps, expected ~30 seconds, lock impact Low)'],
    group: 'start',
  })
  expect(renderEvent({ type: 'migration-finished', migration: one }, plain)).toEqual({
    lines: ['✓ 20250115120000 add_a applied in 412 ms'],
    group: 'end',
  })
  const notRun = { ...one, outcome: 'not-run' as const }
  expect(lines({ type: 'migration-finished', migration: notRun })).toEqual([
    '– 20250115120000 add_a not-run',
  ])
})

test('a long statement shows that it is alive and for how long; the live line fits the width', () => {
  if (build === undefined) throw new Error('the migration has steps')
  const rendered = renderEvent(
    { type: 'still-running', step: build, elapsedMs: 65_000, detail: '45 % of blocks' },
    plain,
  )
  expect(rendered.lines).toEqual([
    '  … step 2, CREATE INDEX CONCURRENTLY idx_recipe_description_trgm is running, 1 min 5 s (45 % of blocks)',
  ])
  expect(rendered.live).toHaveLength(60)
})

test('a live line counts two columns for wide characters', () => {
  const wide = step(1, '日'.repeat(100), { where: at('a.sql', 1) })
  const { live = '' } = renderEvent({ type: 'step-started', migration: one, step: wide }, plain)
  const columns = [...live].reduce((sum, character) => sum + (character === '日' ? 2 : 1), 0)
  expect(columns).toBeLessThanOrEqual(60)
  expect(columns).toBeGreaterThan(57)
})

describe('verification', () => {
  const many: Verification[] = [
    ...Array.from({ length: 11 }, (_, index) => passed('constraint', `c${index}`, 't', 'VALID')),
    ...Array.from({ length: 9 }, (_, index) => passed('index', `i${index}`, 't', 'VALID')),
    passed('query', 'mapped', '', ''),
  ]

  test('as expected is one line', () => {
    expect(lines({ type: 'verified', migration: one, verification: many })).toEqual([
      '  ✓ 11 constraints, 9 indexes and 1 query as expected',
    ])
  })

  test('not as expected is told in full, and what was not checked says so', () => {
    const [report] = [sample.verificationFailed.migrations[0]]
    const told = lines({
      type: 'verified',
      migration: one,
      verification: report?.verification ?? [],
    })
    expect(told).toEqual([
      '  ✓ 7 indexes as expected',
      '  ✗ not as expected: index idx_notification_unread on "Notification" (migrations/20250115150000_add_performance_indexes.sql:44:1)',
      '    a build that failed half way leaves such an index',
      '    expected: btree ("userId"), VALID',
      '    actual:   INVALID',
      '  – not checked: index idx_wholesale_order_status_date on "WholesaleOrder" (migrations/20250115150000_add_performance_indexes.sql:49:1)',
      '    its expression cannot be compared with the server’s own spelling',
    ])
  })

  test('a verify query shows the rows that differ, expected above actual', () => {
    const failed = sample.needsAttention.migrations[1]?.verification.slice(0, 1) ?? []
    expect(lines({ type: 'verified', migration: one, verification: failed }).slice(2)).toEqual([
      '              mapped | unmapped',
      '    expected: * | 0',
      '    actual:   48201 | 12',
    ])
  })
})

test('an error comes with its place, statement, caret and SQLSTATE', () => {
  const { error } = sample.failedInTransaction
  if (error === null) throw new Error('the sample failed')
  expect(lines({ type: 'failed', error })).toEqual([
    '  ✗ check constraint "recipe_selling_price_positive" of relation "Recipe" is violated by some row',
    '    at migrations/20250115140000_add_check_constraints.sql:12:3',
    '      │ ALTER TABLE "Recipe"',
    '      │   ADD CONSTRAINT recipe_selling_price_positive CHECK ("sellingPrice" > 0)',
    '      │   ^',
    '    SQLSTATE: 23514 check_violation',
    '    hint: SELECT id, "sellingPrice" FROM "Recipe" WHERE NOT ("sellingPrice" > 0) shows the rows.',
    '    context: SQL statement "ALTER TABLE ..."',
    '             PL/pgSQL function inline_code_block line 3 at SQL statement',
  ])
})

test('an undo tells its proof, its difference and what is kept', () => {
  const [, failed] = sample.needsAttention.migrations
  if (failed?.rollback == null) throw new Error('the sample was undone')
  const told = lines({ type: 'undone', migration: failed, undo: failed.rollback })
  expect(told[0]).toBe('  ✗ the catalog is not as it was before (- before, + after)')
  expect(told.at(-1)).toBe('  ⚠ kept: public."RecipeCategory": 14 inserted')
})

test('the ending repeats what a closed group hides, then says what comes next', () => {
  const told = lines({ type: 'finished', report: sample.failedInTransaction })
  expect(told[1]).toMatch(/^✗ Failed: 20250115140000 add_check_constraints was not applied/)
  expect(told).toContain('    │   ^')
  expect(told.at(-1)).toMatch(/^→ The two migrations applied before stay/)
  const broken = lines({ type: 'finished', report: sample.verificationFailed }).join('\n')
  expect(broken).toContain('✗ not as expected: index idx_notification_unread')
})

describe('gates', () => {
  const { checks, smoke } = gates.wholeRunbook
  const outcome = (wanted: string) => {
    const found = [...checks, ...gates.refusedAtGates.checks].find((one) => one.outcome === wanted)
    if (found === undefined) throw new Error(`no check ${wanted}`)
    return found
  }

  test('a phase is a group; what came of it is told with its group closed', () => {
    expect(renderEvent({ type: 'phase', title: 'Preflight checks' }, plain)).toEqual({
      lines: ['Preflight checks'],
      group: 'start',
    })
    expect(
      renderEvent({ type: 'phase-finished', title: 'Preflight checks', judged: checks }, plain),
    ).toEqual({
      lines: ['⚠ Preflight checks: 29 of 31 passed, 1 with a warning, 1 not checked'],
      group: 'end',
    })
    expect(
      lines({ type: 'phase-finished', title: 'Backup', judged: [], note: 'a.dump, 1.2 GB' }),
    ).toEqual(['✓ Backup: a.dump, 1.2 GB'])
  })

  test('what passed is a line of the log, and on a terminal gives way to the next', () => {
    const { lines, live } = renderEvent({ type: 'checked', check: outcome('passed') }, plain)
    expect(lines).toEqual(['  ✓ PostgreSQL version: 16.14'])
    expect(live).toBe('  ✓ PostgreSQL version: 16.14')
  })

  test('what keeps a gate shut is told in full and stays', () => {
    const { lines, live } = renderEvent({ type: 'checked', check: outcome('failed') }, plain)
    expect(live).toBeUndefined()
    expect(lines).toEqual([
      '  ✗ failed: Orphans of "Company"."ownerId" (migrations/20250115130000_add_missing_foreign_keys_production_safe.sql:34:3)',
      '    expected: no rows',
      '    actual:   3 rows of 1,000,000',
      '    why: VALIDATE CONSTRAINT "Company_ownerId_fkey" would fail (23503): these rows point at no "User"',
      expect.stringMatching(/^ {4}what to do: correct or delete the rows/),
      '      (id)=(1042) "ownerId"=99',
      '      (id)=(77120) "ownerId"=99',
      '      (id)=(912044) "ownerId"=7',
    ])
  })

  test('what was not checked says why and what would allow it', () => {
    expect(lines({ type: 'checked', check: outcome('not-checked') })).toEqual([
      '  – not checked: Subscribers of the tables that change',
      '    why: permission denied for view pg_replication_slots',
      '    to have it checked: GRANT pg_monitor TO deployer',
    ])
  })

  test('a smoke test says when, how often and how fast', () => {
    const found = smoke
      .filter(({ when }) => when === 'end')
      .map((result) => {
        const [line] = lines({ type: 'smoke-tested', result })
        return line
      })
    expect(found[0]).toBe(
      '  ✓ GET /api/recipes, at the end: status 200, length 48,213 (31 ms, 4 attempts, 3 unanswered)',
    )
    const failed = gates.failedCriteria.smoke.find((one) => one.outcome === 'failed')
    if (failed === undefined) throw new Error('the sample has a failed smoke test')
    expect(lines({ type: 'smoke-tested', result: failed })).toEqual([
      '  ✗ failed: GET /api/recipes, at the end (23 ms, 3 attempts)',
      '    expected: status 200, length > 0',
      '    actual:   status 500: column "category" is ambiguous',
      '    why: it passed before the deployment',
    ])
  })

  test('the ending of a refusal repeats every shut gate, whom to call and what comes next', () => {
    const told = lines({ type: 'finished', report: gates.refusedAtGates })
    expect(told.filter((line) => line.startsWith('  ✗ failed:'))).toHaveLength(2)
    expect(told.slice(-4)).toEqual([
      '☎ Database team: #db-team, db-team@recipes.example',
      '☎ On-call engineer: +1 555 0100 (PagerDuty: recipes-primary)',
      '☎ Escalation: cto@recipes.example',
      '→ Deploy again when the gates are open: nothing was changed.',
    ])
  })

  test('the ending ticks the criteria', () => {
    const told = lines({ type: 'finished', report: gates.wholeRunbook })
    const begin = told.indexOf('Success criteria: 6 of 7 met, 1 not checked')
    expect(told.slice(begin + 1, begin + 8)).toEqual([
      '  [x] All constraints created and VALID: 11 of 11',
      '  [x] All indexes created and VALID: 9 of 9',
      expect.stringMatching(/^ {2}\[x\] Row counts unchanged/),
      '  [x] No application errors: 0 lines match in app/error.log',
      '  [ ] not checked: Query performance improved or unchanged: no interval observed: set `observe-for`',
      '  [x] No increased lock waits: 0 before, 0 after',
      '  [x] All smoke tests pass: 3 of 3, at the end',
    ])
  })
})

describe('rows', () => {
  const effect = {
    table: 'public.a',
    inserted: 0,
    updated: 1_204,
    deleted: 0,
    certainty: 'exact' as const,
  }

  test.each([
    [effect, '  rows of public.a: 1,204 updated'],
    [{ ...effect, certainty: 'at-most' as const }, '  rows of public.a: at most 1,204 updated'],
    [{ ...effect, updated: 0 }, '  rows of public.a: untouched'],
    [
      { ...effect, certainty: 'not-checked' as const, reason: 'track_counts is off' },
      '  rows of public.a: not checked (track_counts is off)',
    ],
    [
      { ...effect, updated: 0, removed: { by: 'TRUNCATE' as const, rows: 12 } },
      '  rows of public.a: 12 removed by TRUNCATE',
    ],
  ])('%j', (effects, line) => {
    expect(lines({ type: 'rows', migration: one, effects: [effects] })).toEqual([line])
  })
})

describe('text from databases and files', () => {
  const bad = sample.hostile.migrations[0] ?? one
  const badStep = bad.steps[0] ?? step(1, poison, { where: at('a', 1) })
  const { error, target } = sample.hostile
  const events: RunEvent[] = [
    { type: 'connected', target: target ?? sample.target },
    { type: 'waiting-for-run', holder: poison, waitedMs: 1 },
    { type: 'ending-orphan', pid: 1, application: poison },
    { type: 'planned', pending: [bad] },
    { type: 'warning', message: poison },
    { type: 'migration-started', migration: bad, index: 1, total: 1 },
    { type: 'step-started', migration: bad, step: badStep },
    { type: 'still-running', step: badStep, elapsedMs: 1, detail: poison },
    { type: 'retrying', step: badStep, attempt: 1, pauseMs: 1, reason: poison },
    ...bad.notices.map((notice): RunEvent => ({ type: 'notice', notice })),
    { type: 'step-finished', migration: bad, step: badStep },
    { type: 'verified', migration: bad, verification: bad.verification },
    { type: 'rows', migration: bad, effects: bad.rowEffects },
    ...(error === null ? [] : [{ type: 'failed', error } as const]),
    { type: 'undoing', migration: bad, by: 'script' },
    ...(bad.rollback === null
      ? []
      : [{ type: 'undone', migration: bad, undo: bad.rollback } as const]),
    { type: 'migration-finished', migration: bad },
    { type: 'phase', title: poison },
    ...gates.hostileGates.checks.map((check): RunEvent => ({ type: 'checked', check })),
    ...gates.hostileGates.smoke.map((result): RunEvent => ({ type: 'smoke-tested', result })),
    { type: 'phase-finished', title: poison, judged: [], note: poison },
    { type: 'smoke-waiting', name: poison, attempts: 1, elapsedMs: 1, found: poison },
    { type: 'observing', elapsedMs: 1, totalMs: 2, detail: poison },
    ...gates.hostileGates.criteria.map((criterion): RunEvent => ({ type: 'judged', criterion })),
    { type: 'finished', report: sample.hostile },
    { type: 'finished', report: gates.hostileGates },
    { type: 'finished', report: gates.hostileEnding },
  ]

  test.each(events.map((event) => [event.type, event] as const))(
    'cannot forge a command, a colour or a line: %s',
    (_, event) => {
      const { lines, live = '' } = renderEvent(event, plain)
      for (const line of [...lines, live]) {
        expect(line).not.toMatch(/^\s*::|##\[|[\n\r\u202e\u200b]/)
        expect(line).not.toContain('\u001b')
      }
    },
  )

  test.each(events.map((event) => [event.type, event] as const))(
    'is the same text in colour: %s',
    (_, event) => {
      const painted = renderEvent(event, { color: true, width: 60 }).lines.join('\n')
      const bare = painted.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '')
      expect(bare).toBe(lines(event).join('\n'))
    },
  )
})
