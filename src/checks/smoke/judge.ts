import type { HttpAnswer } from '../../host/http.ts'
import type { ShellEnd } from '../../host/shell.ts'
import { durationText } from '../../report/duration-text.ts'
import type { Verification } from '../../report/types.ts'
import { judgeComparison } from './json-comparison.ts'
import type { Attempt, CommandTest, HttpTest } from './types.ts'

/** A gateway says by these that no application stands behind it. */
const GATEWAY: readonly number[] = [502, 503, 504]

/** EX_TEMPFAIL of sysexits.h: a command's way to say that nothing answers yet. */
const TRY_AGAIN = 75

/** Takes secrets out of a text: always before it is shortened, which could leave half of one. */
type Hide = (text: string) => string

/** One HTTP answer beside what is expected of it. Pure; quotes no secret. */
export function judgeHttp(
  test: HttpTest,
  answer: HttpAnswer,
  elapsedMs: number,
  redact: Hide,
): Attempt {
  const hide: Hide = (text) => hidden(redact(text), test.secrets)
  const judged = judgeAnswer(test, answer, elapsedMs, hide)
  return {
    ...judged,
    actual: hide(judged.actual),
    ...(judged.reason === undefined ? {} : { reason: hide(judged.reason) }),
  }
}

function judgeAnswer(test: HttpTest, answer: HttpAnswer, elapsedMs: number, hide: Hide): Attempt {
  if (answer.type === 'no-answer') return { verdict: 'no-answer', actual: answer.reason }
  if (answer.type === 'unusable') return { verdict: 'failed', actual: answer.reason }
  const { status, body, truncated } = answer
  if (!test.statuses.includes(status)) {
    return {
      verdict: GATEWAY.includes(status) ? 'no-answer' : 'failed',
      actual: `status ${status}${quoted(hide(body))}`,
    }
  }
  const found = [`status ${status}`]
  const broken: string[] = []
  if (test.json.length > 0) {
    const document = parse(body)
    if (document === undefined) {
      const why = truncated ? 'it is longer than 1 MiB' : 'it is no JSON'
      return { verdict: 'failed', actual: `status ${status}, but ${why}${quoted(hide(body))}` }
    }
    for (const comparison of test.json) {
      const { holds, found: value } = judgeComparison(comparison, document.value, hide)
      found.push(value)
      if (!holds) broken.push(value)
    }
  }
  if (test.text !== null) {
    const isThere = body.includes(test.text)
    const said = `${isThere ? 'contains' : 'does not contain'} ${JSON.stringify(test.text)}`
    found.push(said)
    if (!isThere) broken.push(truncated ? `the first 1 MiB ${said}` : said)
  }
  if (test.latencyMs !== null && elapsedMs > test.latencyMs) {
    broken.push(`answered after ${durationText(elapsedMs)}`)
  }
  return broken.length === 0
    ? { verdict: 'passed', actual: found.join(', ') }
    : { verdict: 'failed', actual: broken.join(', ') }
}

/** How a command ended. Pure; quotes no secret. */
export function judgeCommand(test: CommandTest, end: ShellEnd, redact: Hide): Attempt {
  const said = lastLines(redact(end.output))
  const reason = said === '' ? {} : { reason: said }
  if (end.ended !== 'exited') {
    return {
      verdict: 'no-answer',
      actual: `stopped after ${durationText(test.timeoutMs)}`,
      ...reason,
    }
  }
  if (end.code === 0) return { verdict: 'passed', actual: 'exit code 0' }
  return {
    verdict: end.code === TRY_AGAIN ? 'no-answer' : 'failed',
    actual: end.code === null ? `ended by ${end.signal}` : `exit code ${end.code}`,
    ...reason,
  }
}

/** What a query returned, judged as in a verify script. Pure. */
export function judgeSql({ outcome, actual, reason }: Verification): Attempt {
  return {
    verdict: outcome === 'passed' || outcome === 'not-checked' ? outcome : 'failed',
    actual,
    ...(reason === undefined ? {} : { reason }),
  }
}

function parse(body: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) }
  } catch {
    return undefined
  }
}

/** The beginning of an answer that was not as expected: it often says why. */
function quoted(body: string): string {
  const text = body.replace(/\s+/g, ' ').trim()
  if (text === '') return ''
  return `: ${text.length > 200 ? `${text.slice(0, 199)}…` : text}`
}

function lastLines(output: string): string {
  return output.trim().split(/\r?\n/).slice(-10).join('\n')
}

function hidden(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}
