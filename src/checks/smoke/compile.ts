import { compileVerifyScript } from '../../plan/verify-script.ts'
import { durationText } from '../../report/duration-text.ts'
import { Refusal } from '../../report/refusal.ts'
import type { Smoke, SmokeCheck } from '../../runbook/gates/smoke.ts'
import { parseScript } from '../../sql/script.ts'
import { describeExpectation } from '../../verify/query/query-table.ts'
import { compileHttp } from './compile-http.ts'
import { refuseTest } from './refuse.ts'
import type { Limits, SmokeTest, SqlTest } from './types.ts'

/** The section `smoke` of airlock.yml, ready to run. */
export interface SmokePlan {
  readonly when: Smoke['when']
  readonly limits: Limits
  readonly tests: readonly SmokeTest[]
}

/**
 * Reads the section before anything is connected to: queries are parsed, paths and URLs read. The parser must be loaded. Null where there is no
 * section.
 *
 * @throws Refusal at the first test that can't be run as it is written; it quotes no URL and no header
 */
export function compileSmoke(smoke: Smoke | undefined): SmokePlan | null {
  if (smoke === undefined) return null
  const names = smoke.checks.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) {
    throw refuseTest(
      twice,
      'its name is given twice',
      'What a test showed before the deployment is found again by its name.',
      'Give each entry of smoke.checks a name of its own.',
    )
  }
  return {
    when: smoke.when,
    limits: {
      warmUpMs: smoke['warm-up'],
      attempts: smoke.attempts,
      pauseMs: smoke.pause,
      successes: smoke.successes,
      failures: smoke.failures ?? null,
    },
    tests: smoke.checks.map(compileTest),
  }
}

function compileTest(check: SmokeCheck): SmokeTest {
  const { name, http, command, sql, expect, timeout } = check
  if (http !== undefined) return compileHttp(name, http, timeout)
  if (sql !== undefined) return compileSql(name, sql, expect, timeout)
  if (command === undefined) throw new Error(`smoke test ${name} is none of http, command and sql`)
  return {
    kind: 'command',
    name,
    expected: `exit code 0 within ${durationText(timeout)}`,
    timeoutMs: timeout,
    command,
  }
}

/** A query and its expectation are a verify script of one query, and are read and judged as such. */
function compileSql(
  name: string,
  sql: string,
  expect: string | undefined,
  timeoutMs: number,
): SqlTest {
  if (expect !== undefined && /[\r\n]/.test(expect)) {
    throw refuseTest(
      name,
      'expect has several lines',
      'It is the short form of an expectation: conditions, parted by commas.',
      'Write it in one line, or the expected table in comments below the query.',
    )
  }
  const source = expect === undefined ? sql : `${sql.trimEnd()}\n-- expect: ${expect}`
  try {
    const [query, ...others] = compileVerifyScript(parseScript(`smoke test ${name}`, source))
    if (query === undefined || others.length > 0) {
      throw refuseTest(
        name,
        `sql holds ${others.length === 0 ? 'no query' : 'several queries'}`,
        'Each smoke test asks one thing, so that its line in the report says what failed.',
        'Write one query; part several into entries of their own.',
      )
    }
    return {
      kind: 'sql',
      name,
      expected: describeExpectation(query.expectation),
      timeoutMs,
      query,
    }
  } catch (error) {
    if (!(error instanceof Refusal) || error.parts.where === undefined) throw error
    // The place counts lines of the query, not of airlock.yml.
    const { where: _, what, ...parts } = error.parts
    throw new Refusal({ ...parts, what: `Smoke test "${name}": ${what}` })
  }
}
