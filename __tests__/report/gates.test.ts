import { describe, expect, test } from '@jest/globals'
import { renderSummary } from '../../src/report/markdown.ts'
import type { Report } from '../../src/report/types.ts'
import * as sample from './gate-samples.ts'
import { cancelled, report } from './samples.ts'

const headings = (page: string) =>
  (page.match(/^### .*/gm) ?? []).map((line) => line.slice(4).replace(/:.*/, ''))

function section(page: string, heading: string): string {
  const begin = page.indexOf(`### ${heading}`)
  if (begin < 0) throw new Error(`no section ${heading}`)
  const end = page.indexOf('\n### ', begin)
  return page.slice(begin, end < 0 ? undefined : end)
}

/** The part of the page that no fold hides. */
const inView = (page: string) => page.replace(/<details>[\s\S]*?<\/details>/g, '')

describe('a deployment by the whole runbook', () => {
  const page = renderSummary(sample.wholeRunbook)

  test('has the sections of the runbook, in its order', () => {
    expect(headings(page)).toEqual([
      'What happens next',
      'Preflight checks',
      'Backup',
      'Restore point',
      'Migrations',
      'Constraints',
      'Indexes',
      'Other objects',
      'Verify scripts',
      'Row counts',
      'Rows touched',
      'Locks',
      'Smoke tests',
      'Performance metrics, before and after',
      'Success criteria',
      'Sign-off',
    ])
  })

  test('has the checks as its first table, problems in view and the rest folded by group', () => {
    const first = page.slice(page.indexOf('\n| '))
    expect(first).toMatch(/^\n\|\s+\| check \| expected \| found \|/)
    expect(section(page, 'Preflight checks')).toContain('29 of 31 passed')
    expect(page).toContain(
      '<details><summary>✅ 29 passed: server 6, extensions 3, privileges 3, risk 8, data 7, drift 1, approval 1</summary>',
    )
    expect(inView(page)).toContain('**Invalid indexes**<br>a failed build leaves an index')
    expect(inView(page)).not.toContain('Replication lag')
  })

  test('shows what was not checked in view with the GRANT', () => {
    expect(inView(page)).toContain(
      '| ➖ | **Subscribers of the tables that change**<br>permission denied for view pg\\_replication\\_slots<br>**To have it checked:** GRANT pg\\_monitor TO deployer | `no subscriber behind` | **not checked** |',
    )
  })

  test('shows the backup with size, checksum and proofs, and the restore point with its LSN', () => {
    const backup = section(page, 'Backup')
    expect(backup).toContain('`backups/recipe_20250115_120004.dump` · 1.2 GB (1,317,011,456 bytes)')
    expect(backup).toContain('- SHA-256 `9f86d081')
    expect(backup).toContain('- ✅ Readable: `pg_restore lists 41 tables`')
    expect(section(page, 'Restore point')).toContain(
      '`pre_fix_batch_production_20250115` · LSN `2F/4A0000D8`',
    )
  })

  test('parts the rows by us from those by others, and marks estimates', () => {
    const rows = section(page, 'Row counts')
    expect(rows).toContain('| `public."RecipeCategory"` | 0 | 14 | +14 | 0 |')
    expect(rows).toContain('| `public."Recipe"` | 48,213 | 48,215 | 0 | +2 |')
    expect(rows).toContain(
      '| ≈&nbsp;41,204,000 | ≈&nbsp;41,209,000 | 0 | _not known_ | **estimate**: counting took longer than 10s |',
    )
    expect(rows).toContain(
      '| `max("updatedAt") of Ingredient` | `2025-01-14 08:11:00+00` | _not read_ |',
    )
  })

  test('keeps the last word of each smoke test in view, with attempts that nobody answered', () => {
    const smoke = section(page, 'Smoke tests')
    expect(inView(smoke).match(/^\| ✅/gm)).toHaveLength(3)
    expect(inView(smoke)).toContain('4<br>3&nbsp;unanswered')
    expect(smoke).toContain('<summary>All 24 results')
  })

  test('folds result sets with their difference, and says which could not be run', () => {
    const metrics = section(page, 'Performance metrics')
    expect(metrics).toContain('<code>Table sizes</code>: 1 row changed')
    expect(metrics).toContain('```diff\n- Recipe | 48 MB | 12 MB\n+ Recipe | 103 MB | 64 MB\n```')
    expect(inView(metrics)).toContain('`Bloat` **not checked**: 42883')
  })

  test('ticks a criterion by evidence only', () => {
    const criteria = section(page, 'Success criteria: 6 of 7 met, 1 not checked')
    expect(criteria).toContain('- [x] All constraints created and VALID: 11 of 11')
    expect(criteria).toContain(
      '- [ ] ➖ Query performance improved or unchanged: **not checked**: no interval observed: set `observe-for`',
    )
    expect(criteria.match(/- \[x\]/g)).toHaveLength(6)
  })

  test('is signed off at its end, and calls nobody', () => {
    const signOff = section(page, 'Sign-off')
    expect(signOff).toContain('- **Deployment completed by:** `anna`')
    expect(signOff).toContain('- **Approved by:** `ben`')
    expect(signOff).toContain('- **Run:** <https://github.com/recipes/app/actions/runs/7210044>')
    expect(signOff).toContain('- **Status:** **DEPLOYED**')
    expect(page.trimEnd().endsWith(signOff.trimEnd())).toBe(true)
    expect(page).not.toContain('Whom to call')
    expect(page).not.toContain('recovery_target_name')
  })
})

describe('a refusal at the gates', () => {
  const page = renderSummary(sample.refusedAtGates)

  test('shows what is shut, why and what to do before all else, once', () => {
    expect(headings(page).slice(0, 4)).toEqual([
      'Preflight checks',
      'What happens next',
      'Whom to call',
      'The run',
    ])
    const rows = section(page, 'Preflight checks').match(/^\| (❌|⚠️|➖)/gm)
    expect(rows).toEqual(['| ❌', '| ❌', '| ⚠️', '| ➖'])
    expect(page).toContain(
      '**What to do:** let the session end its transaction, or end it: `SELECT pg_terminate_backend(4711)`',
    )
    expect(page.split('let the session end its transaction')).toHaveLength(2)
    expect(page.split('would fail (23503)')).toHaveLength(2)
  })

  test('tells each shut gate what to do, even what would also allow a check', () => {
    const page = renderSummary(sample.hostileGates)
    expect(section(page, 'Preflight checks').match(/<br>\*\*What to do:\*\*/g)).toHaveLength(13)
    expect(page).toContain('(allows 2 checks)')
  })

  test('shows the example keys and the place', () => {
    expect(inView(page)).toContain('(id)=(77120) "ownerId"=99')
    expect(page).toContain(
      '`migrations/20250115130000_add_missing_foreign_keys_production_safe.sql:34:3`',
    )
  })

  test('speaks of no restore: nothing was changed', () => {
    const made = { ...sample.refusedAtGates, restorePoint: sample.wholeRunbook.restorePoint }
    expect(renderSummary(made)).not.toContain('recovery_target_name')
  })

  test('by a backup that lies tells its reason once', () => {
    const lie = sample.check('backup', 'backup.size', 'Plausible size', '0 bytes', {
      outcome: 'failed',
      expected: 'more than 0 bytes',
      reason: 'an empty file restores nothing',
      fix: 'make it again',
    })
    const { backup } = sample.wholeRunbook
    if (backup === null) throw new Error('the sample has a backup')
    const page = renderSummary({
      ...sample.refusedAtGates,
      checks: [lie],
      backup: { ...backup, outcome: 'failed', checks: [lie] },
    })
    expect(page.split('an empty file restores nothing')).toHaveLength(2)
    expect(section(page, 'Backup')).toContain(
      '- ❌ **Plausible size**: expected `more than 0 bytes`, found `0 bytes`',
    )
    const alone = renderSummary({
      ...sample.failedCriteria,
      backup: { ...backup, outcome: 'warned', checks: [{ ...lie, outcome: 'warned' }] },
    })
    expect(section(alone, 'Backup')).toContain('<br>**What to do:** make it again')
  })

  test('by something else still tells its error', () => {
    const error = { message: 'the backup is empty', why: 'it has 0 bytes', fix: 'make it again' }
    const page = renderSummary({ ...sample.wholeRunbook, outcome: 'refused', exitCode: 1, error })
    expect(page).toContain('- Why: it has 0 bytes')
  })
})

test('a plan shows the digest whole and its shut gates, and is signed by nobody', () => {
  const page = renderSummary(sample.plannedBeforeShutGates)
  expect(page).toContain(`\`\`\`\n${sample.plannedBeforeShutGates.planDigest}\n\`\`\``)
  expect(page).toContain('plan `4f2c9d1e8a7b`')
  expect(page.startsWith('## ⚠️ Planned')).toBe(true)
  expect(headings(page).slice(0, 3)).toEqual([
    'What happens next',
    'Plan digest',
    'Preflight checks',
  ])
  expect(inView(page)).toContain('(id)=(77120) "ownerId"=99')
  expect(page).not.toContain('### Sign-off')
})

describe('a role that may look at nothing', () => {
  const page = renderSummary(sample.leastPrivilege)

  test('has everything not checked in view and nothing passed', () => {
    const checks = section(page, 'Preflight checks: 0 of 31 passed, 31 not checked')
    expect(inView(checks).match(/\*\*not checked\*\*/g)).toHaveLength(31)
    expect(checks).not.toContain('✅')
    expect(section(page, 'Success criteria: 0 of 7 met, 7 not checked')).not.toContain('[x]')
  })

  test('is told once which GRANT allows how many checks', () => {
    expect(page).toContain('- GRANT pg\\_monitor TO deployer (allows 24 checks)')
    expect(page.split('GRANT pg\\_monitor')).toHaveLength(2)
  })

  test('is never told that a backup, a restore point or a count was made', () => {
    expect(section(page, 'Backup')).toContain('➖ **not checked**: none was made: demo database')
    expect(section(page, 'Restore point')).toContain('**not made**')
    expect(section(page, 'Row counts')).toContain('_not counted_ | _not counted_ | _not known_')
  })
})

describe('success criteria that failed', () => {
  const page = renderSummary(sample.failedCriteria)

  test('stand with the failure and all their evidence, and again in the checklist', () => {
    const failed = section(page, 'What failed')
    expect(failed).toContain(
      '| ❌ | **No application errors** | `at most 0 lines` | **`14 lines`** |',
    )
    expect(failed.match(/column reference is ambiguous/g)).toHaveLength(14)
    expect(failed).toContain('| ❌ | **GET /api/recipes**<br>it passed before the deployment |')
    const list = section(page, 'Success criteria, before the undo: 4 of 7 met, 2 not met')
    expect(list).toContain('- [ ] ❌ **failed**: All smoke tests pass: 2 of 3, expected 3 of 3')
    expect(list).toContain('11 more lines left out here')
  })

  test('come with whom to call and what to hand to whoever restores', () => {
    expect(section(page, 'Whom to call')).toContain(
      '- **Database team:** `#db-team, db-team@recipes.example`',
    )
    expect(section(page, 'Should a restore be needed')).toContain(
      "```\nrecovery_target_name = 'pre_fix_batch_production_20250115'\nrecovery_target_timeline = '1'\n```",
    )
    expect(page.split('recovery_target_name')).toHaveLength(2)
    expect(section(page, 'Sign-off')).toContain('- **Status:** **ROLLED BACK**')
  })

  test('a smoke test that failed before the deployment is no failure of it', () => {
    const [first, ...rest] = sample.failedCriteria.smoke
    if (first === undefined) throw new Error('the sample has smoke tests')
    const broken: Report = {
      ...sample.failedCriteria,
      smoke: [{ ...first, name: 'broken already', outcome: 'failed' }, ...rest],
    }
    const page = renderSummary(broken)
    expect(section(page, 'What failed')).not.toContain('broken already')
    expect(section(page, 'Smoke tests')).toContain('broken already')
  })
})

test('500 checks: problems in view, their long evidence and the rest folded', () => {
  const page = renderSummary(sample.fiveHundredChecks)
  expect(inView(page).match(/^\| ⚠️/gm)).toHaveLength(10)
  expect(page).toContain('✅ 490 passed: data 490')
  expect(inView(page)).not.toContain('(id)=(99)')
  expect(page).toContain('<summary>100 lines</summary>')
})

test('sections that hold nothing leave no heading', () => {
  const page = renderSummary(sample.emptySections)
  for (const title of ['Row counts', 'Performance', 'Smoke', 'Success', 'Preflight', 'Plan digest'])
    expect(page).not.toContain(`### ${title}`)
  expect(page).toContain('made now by the command in airlock.yml · took 4&nbsp;ms')
})

test('a run that was stopped on request needs nobody', () => {
  const page = renderSummary({ ...cancelled, contacts: sample.wholeRunbook.contacts })
  expect(page).not.toContain('Whom to call')
})

test('a run address that is no plain https address is no link', () => {
  const origin = { runUrl: 'https://evil.example/?a=[x](y)' }
  expect(renderSummary(report({ origin }))).toContain('`https://evil.example/?a=[x](y)`')
})
