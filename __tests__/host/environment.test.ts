import { describe, expect, test } from '@jest/globals'
import { readRunFacts } from '../../src/host/environment.ts'
import { redactor, redactStrings } from '../../src/host/redact.ts'

const account = () => 'me'

describe('the facts of a run', () => {
  test('come from GitHub, the one who started this attempt first', () => {
    const env = {
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTOR: 'octocat',
      GITHUB_TRIGGERING_ACTOR: 'hubot',
      GITHUB_SHA: 'abc',
      GITHUB_REPOSITORY: 'o/r',
      GITHUB_RUN_ID: '7',
      GITHUB_RUN_ATTEMPT: '2',
      GITHUB_REF_NAME: 'main',
    }
    expect(readRunFacts(env, account)).toEqual({
      actor: 'hubot',
      commit: 'abc',
      runUrl: 'https://github.com/o/r/actions/runs/7/attempts/2',
      repository: 'o/r',
      ref: 'main',
      ci: 'github',
    })
    const first = { ...env, GITHUB_RUN_ATTEMPT: '1', GITHUB_TRIGGERING_ACTOR: '' }
    expect(readRunFacts(first, account)).toMatchObject({
      actor: 'octocat',
      runUrl: 'https://github.com/o/r/actions/runs/7',
    })
  })

  test('name who approved the run where the workflow hands it over, wherever it runs', () => {
    const AIRLOCK_APPROVED_BY = ' octocat, hubot '
    for (const ci of [{}, { GITHUB_ACTIONS: 'true' }, { GITLAB_CI: 'true' }]) {
      const { approvedBy } = readRunFacts({ ...ci, AIRLOCK_APPROVED_BY }, account)
      expect(approvedBy).toBe('octocat, hubot')
      expect(readRunFacts({ ...ci, AIRLOCK_APPROVED_BY: '' }, account).approvedBy).toBeUndefined()
    }
  })

  test('come from GitLab', () => {
    const env = {
      GITLAB_CI: 'true',
      GITLAB_USER_LOGIN: 'tanuki',
      CI_COMMIT_SHA: 'abc',
      CI_JOB_URL: 'https://x/1',
    }
    expect(readRunFacts(env, account)).toMatchObject({
      actor: 'tanuki',
      commit: 'abc',
      runUrl: 'https://x/1',
      ci: 'gitlab',
    })
  })

  test('are the account alone on one’s own machine', () => {
    expect(readRunFacts({}, account)).toMatchObject({ actor: 'me', runUrl: undefined, ci: null })
    expect(readRunFacts({ CI: 'true' }, account).ci).toBe('other')
    expect(readRunFacts({}).actor).not.toBe('')
  })
})

describe('redaction', () => {
  test('replaces every occurrence, the longest secret first', () => {
    const redact = redactor(['p.w', 'postgres://u:p.w@h/d', ''])
    expect(redact('at postgres://u:p.w@h/d with p.w, not pxw')).toBe('at *** with ***, not pxw')
  })

  test('takes secrets literally', () => {
    const secret = 'a+b(c)[d]{e}^$|\\*?-/'
    expect(redactor([secret])(`<${secret}>`)).toBe('<***>')
  })

  test('reaches every string of a report and keeps the rest', () => {
    const report = { a: ['x pw', null, 1], b: { c: 'pw' }, d: true, e: undefined }
    expect(redactStrings(report, redactor(['pw']))).toEqual({
      a: ['x ***', null, 1],
      b: { c: '***' },
      d: true,
      e: undefined,
    })
    expect(redactStrings(report, redactor([]))).toEqual(report)
  })
})
