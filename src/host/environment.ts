import { userInfo } from 'node:os'

type Env = Readonly<Record<string, string | undefined>>

/** Who runs this, and for what: for the journal. Absent where nothing tells. */
export interface RunFacts {
  /** Person or account that started the run. */
  readonly actor: string
  /** Commit that the migrations come from. */
  readonly commit: string | undefined
  /** Page of the run on the CI's web site. */
  readonly runUrl: string | undefined
  /** owner/name. */
  readonly repository: string | undefined
  /** Branch or tag. */
  readonly ref: string | undefined
  readonly ci: 'github' | 'gitlab' | 'other' | null
  /**
   * Who approved the run: `AIRLOCK_APPROVED_BY`. Neither GitHub nor GitLab tells a job who reviewed it, only who started it; GitHub's API does
   * (`/actions/runs/<id>/approvals`), and a step of the workflow can hand it over.
   */
  readonly approvedBy: string | undefined
}

/** Whether GitHub's runner reads our output (and understands its commands). */
export function isRunner(env: Env = process.env): boolean {
  return env.GITHUB_ACTIONS === 'true'
}

/** What the environment tells of the run: GitHub's variables, else GitLab's, else CI and the account of the system. */
export function readRunFacts(
  env: Env = process.env,
  account: () => string = accountName,
): RunFacts {
  return { ...ciFacts(env, account), approvedBy: env.AIRLOCK_APPROVED_BY?.trim() || undefined }
}

function ciFacts(env: Env, account: () => string): Omit<RunFacts, 'approvedBy'> {
  if (isRunner(env)) return githubFacts(env, account)
  if (env.GITLAB_CI === 'true') {
    return {
      actor: env.GITLAB_USER_LOGIN || account(),
      commit: env.CI_COMMIT_SHA || undefined,
      runUrl: env.CI_JOB_URL || env.CI_PIPELINE_URL || undefined,
      repository: env.CI_PROJECT_PATH || undefined,
      ref: env.CI_COMMIT_REF_NAME || undefined,
      ci: 'gitlab',
    }
  }
  return {
    actor: account(),
    commit: undefined,
    runUrl: undefined,
    repository: undefined,
    ref: undefined,
    ci: env.CI === undefined || env.CI === '' || env.CI === 'false' ? null : 'other',
  }
}

function githubFacts(env: Env, account: () => string): Omit<RunFacts, 'approvedBy'> {
  const server = env.GITHUB_SERVER_URL || 'https://github.com'
  const repository = env.GITHUB_REPOSITORY || undefined
  const run = env.GITHUB_RUN_ID
  const attempt = env.GITHUB_RUN_ATTEMPT
  return {
    // The actor started the first attempt; who starts it again is the triggering actor.
    actor: env.GITHUB_TRIGGERING_ACTOR || env.GITHUB_ACTOR || account(),
    commit: env.GITHUB_SHA || undefined,
    runUrl:
      repository && run
        ? `${server}/${repository}/actions/runs/${run}${attempt && attempt !== '1' ? `/attempts/${attempt}` : ''}`
        : undefined,
    repository,
    ref: env.GITHUB_REF_NAME || undefined,
    ci: 'github',
  }
}

/** The account of the system; a container may run under a number that has no name. */
function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return process.env.USER || process.env.LOGNAME || `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
