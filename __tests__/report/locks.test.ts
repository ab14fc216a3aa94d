import { describe, expect, test } from '@jest/globals'
import { annotationsOf } from '../../src/report/annotations.ts'
import { renderEvent } from '../../src/report/console.ts'
import { lockSessionText } from '../../src/report/lock-session-text.ts'
import { renderSummary } from '../../src/report/markdown.ts'
import type { Report } from '../../src/report/types.ts'
import * as sample from './lock-samples.ts'
import { at, hostile, poison, report, step } from './samples.ts'

function section(of: Report, limit?: number): string {
  const page = renderSummary(of, limit)
  const begin = page.indexOf('### Locks')
  if (begin < 0) throw new Error('no section about locks')
  const end = page.indexOf('\n### ', begin)
  return page.slice(begin, end < 0 ? undefined : end)
}

describe('the summary', () => {
  test('tells who waited because of us, longest first, and who was in our way, on success too', () => {
    const text = section(sample.lockWaits)
    expect(text).toContain('### Locks: the application was seen waiting for 1.9&nbsp;s')
    expect(text).toContain(
      '| `recipe-api` | `app` | 1.9&nbsp;s | 14 | our waiting statement | `SELECT id, name FROM "Recipe" WHERE "companyId" = $1 ORDER BY name LIMIT 20` | `20250115120000` step 1, line 3 |',
    )
    expect(text).toContain('| _unnamed_ | `app` | 310&nbsp;ms | 1 | a lock that we held |')
    expect(text).toContain('_31 looks, about every 250&nbsp;ms, while statements ran:')
    expect(text).toContain(
      '| 4711 | `nightly-dump` | `backup` from `10.0.0.7` | idle in transaction | 12&nbsp;min&nbsp;5&nbsp;s | 5.9&nbsp;s |',
    )
    expect(text).toMatch(/\| {2}\| _unnamed_ \| `backup` \| prepared transaction .* `order-1729` /)
    expect(text).toMatch(/etl-nightly.*\| \*\*terminated\*\* \|/)
  })

  test('says that nobody was seen waiting, and how often somebody looked', () => {
    expect(section(sample.nobodyWaited)).toContain(
      'Nobody was seen waiting because of us: 31 looks, about every 250&nbsp;ms, while statements ran.',
    )
    expect(section(sample.notLookedAt)).toContain('no statement ran long enough to be looked at')
    expect(renderSummary(report({ locks: null }))).not.toContain('### Locks')
  })

  test('what was not seen is said, never shown as nobody', () => {
    const text = section(sample.halfBlind)
    expect(text).toContain('Nobody looked for 3.2s in all')
    expect(text).toContain('`GRANT pg_read_all_stats TO deployer`')
    expect(text).toContain('_not visible_')
    const { locks } = sample.halfBlind
    const never = { ...sample.halfBlind, locks: locks && { ...locks, looks: 0 } }
    expect(section(never)).toContain('is not known: nobody looked')
  })

  test('a crowd is cut to the size of the page, the longest waits first', () => {
    const text = section(sample.crowd, 60_000)
    expect(text).toContain('500&nbsp;ms')
    expect(text).toMatch(/_4\d\d more rows left out here; the JSON report has all\._/)
  })

  test('hostile names stay in their cells', () => {
    const rows = section(hostile)
      .split('\n')
      .filter((line) => line.startsWith('|'))
    expect(rows).toHaveLength(6)
    expect(rows.join('\n')).not.toContain('<img')
  })
})

describe('the console', () => {
  const on = step(1, 'transaction: 2 statements', { where: at('a.sql', 3) })
  const style = { color: false, width: 200 }

  test('names a blocker, whom we block, and who was ended', () => {
    expect(
      renderEvent({ type: 'lock-wait', step: on, blocker: sample.blocker() }, style).lines,
    ).toEqual([
      '  ⏳ waiting for pid 4711 nightly-dump as backup from 10.0.0.7 (idle in transaction for 12 min 5 s): COPY public."Recipe" (id, name) TO stdout;',
    ])
    expect(
      renderEvent(
        { type: 'blocking', step: on, blocked: sample.blocked({ query: 'SELECT\n  1' }) },
        style,
      ).lines,
    ).toEqual(['  ⚠ recipe-api as app has waited 1.9 s behind our waiting statement: SELECT 1'])
    const ended = sample.blocker({ action: 'terminated', query: '' })
    expect(renderEvent({ type: 'blocker-ended', step: on, blocker: ended }, style).lines).toEqual([
      '  ⚠ terminated: pid 4711 nightly-dump as backup from 10.0.0.7 (idle in transaction for 12 min 5 s)',
    ])
  })

  test('a hostile application name forges no line', () => {
    const { lines } = renderEvent(
      { type: 'lock-wait', step: on, blocker: sample.blocker({ application: poison }) },
      style,
    )
    for (const line of lines) expect(line).not.toMatch(/^\s*::|##\[/)
  })
})

test('[trap: blocker-unnamed] the annotation of the error carries who blocked and whom we blocked', () => {
  const detail = `in the way: ${lockSessionText(sample.blocker())}\nwaited because of us meanwhile: pid 9 recipe-api as app, for 1.9s`
  const [error] = annotationsOf(
    report({
      outcome: 'failed',
      exitCode: 1,
      error: {
        message: 'Gave up after waiting for locks for 2s in all',
        detail,
        where: at('a.sql', 3),
      },
    }),
  )
  expect(error?.message).toContain('in the way: pid 4711 nightly-dump as backup from 10.0.0.7')
  expect(error?.message).toContain('waited because of us meanwhile: pid 9 recipe-api')
})
