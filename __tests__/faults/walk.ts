import type { Report } from '../../src/report/types.ts'
import { runEngine } from '../support/engine.ts'
import {
  type Boundary,
  countBoundaries,
  describeBoundary,
  distinct,
  type Invocation,
  killAt,
} from './boundary.ts'
import {
  makeTemplate,
  type Picture,
  pictureOf,
  type Scenario,
  type Template,
  type Traces,
} from './scenario.ts'

/** A command as it is asked for. */
export interface Command {
  readonly command: 'deploy' | 'rollback'
  readonly to?: string
}

/** One command, killed at each of its boundaries and run again. The next stage begins where it ended undisturbed. */
export interface Stage extends Command {
  /** What is run after the kill; default the same again. */
  readonly rerun?: Command
  /** Exit code of the undisturbed run and of every rerun; default 0. */
  readonly exitCode?: number
  /** Connections whose requests are boundaries; default all. */
  readonly roles?: readonly string[]
  /** Boundaries count from the first request that holds this text: what comes before is walked elsewhere. */
  readonly since?: string
}

export interface WalkOptions {
  readonly major: number
  readonly stages: readonly Stage[]
  /** Walk every n-th boundary; default every one. */
  readonly every?: number
  /** Two children at once on two cores. */
  readonly atOnce?: number
  /** Hears of every boundary as soon as it is judged: its place, milliseconds, what was different. */
  readonly tell?: (where: string, ms: number, problems: readonly string[]) => void
}

export interface WalkResult {
  readonly boundaries: number
  readonly identical: number
  /** One line for each boundary that ended differently. */
  readonly different: readonly string[]
}

/**
 * Runs each stage undisturbed, then once for each boundary: killed there, run again, and everything compared with the undisturbed
 * database. The databases are copies of one template.
 */
export async function walk(scenario: Scenario, options: WalkOptions): Promise<WalkResult> {
  const results: WalkResult[] = []
  let template = await makeTemplate(options.major, scenario.setUp)
  for (const stage of options.stages) {
    try {
      results.push(await walkStage(template, scenario, stage, options))
      const next = await template.copy()
      await runHere(next.url, scenario, stage)
      await template.drop()
      template = next
    } catch (error) {
      await template.drop()
      throw error
    }
  }
  await template.drop()
  return {
    boundaries: results.reduce((sum, { boundaries }) => sum + boundaries, 0),
    identical: results.reduce((sum, { identical }) => sum + identical, 0),
    different: results.flatMap(({ different }) => different),
  }
}

async function walkStage(
  template: Template,
  scenario: Scenario,
  stage: Stage,
  { every = 1, atOnce = 2, tell }: WalkOptions,
): Promise<WalkResult> {
  const { boundaries, expected } = await undisturbed(template, scenario, stage)
  const { roles = ['worker', 'observer', 'keeper'] } = stage
  const first = boundaries.findIndex(({ text }) => text.includes(stage.since ?? ''))
  const chosen = distinct(
    boundaries.slice(first).filter(({ role }) => roles.includes(role)),
  ).filter((_, index) => index % every === 0)
  const different: string[] = []
  const queue = [...chosen]
  const worker = async () => {
    for (let boundary = queue.shift(); boundary !== undefined; boundary = queue.shift()) {
      const started = Date.now()
      const problems = await killAndRerun(template, scenario, stage, boundary, expected)
      const where = `${argumentsOf(stage).join(' ')}: ${describeBoundary(boundary)}`
      tell?.(where, Date.now() - started, problems)
      if (problems.length > 0) different.push([where, ...problems].join('\n    '))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return { boundaries: chosen.length, identical: chosen.length - different.length, different }
}

async function undisturbed(
  template: Template,
  scenario: Scenario,
  stage: Stage,
): Promise<{ readonly boundaries: readonly Boundary[]; readonly expected: Picture }> {
  const { exitCode = 0, rerun } = stage
  const copy = await template.copy()
  try {
    const { result, boundaries } = await countBoundaries(invocation(copy.url, scenario, stage))
    requireCode(result.code, exitCode, result.stdout + result.stderr)
    if (rerun !== undefined) {
      const report = await runHere(copy.url, scenario, rerun)
      requireCode(report.exitCode, exitCode, JSON.stringify(report.error))
    }
    return { boundaries, expected: await pictureOf(copy.url, scenario.rows) }
  } finally {
    await copy.drop()
  }
}

function requireCode(code: number | null, wanted: number, text: string): void {
  if (code !== wanted) throw new Error(`the undisturbed run ended with ${code}: ${text}`)
}

function argumentsOf({ command, to }: Command): string[] {
  return to === undefined ? [command] : [command, '--to', to]
}

function invocation(url: string, { workspace }: Scenario, command: Command): Invocation {
  return { url, cwd: workspace.folder, args: argumentsOf(command) }
}

/** The engine in this process: the same code, without the start of a process, which is most of what a run costs. */
async function runHere(url: string, scenario: Scenario, { command, to }: Command): Promise<Report> {
  const settings = { 'run-lock-timeout': '30s', ...(to === undefined ? {} : { to }) }
  const { report } = await runEngine({ url }, command, {
    files: scenario.files,
    settings,
    gates: scenario.gates,
  })
  return report
}

/** The killed run is the built program, a process of its own; what follows must put everything in order. */
async function killAndRerun(
  template: Template,
  scenario: Scenario,
  stage: Stage,
  boundary: Boundary,
  expected: Picture,
): Promise<string[]> {
  const { exitCode = 0, rerun = stage } = stage
  const copy = await template.copy()
  try {
    await killAt(invocation(copy.url, scenario, stage), boundary)
    const report = await runHere(copy.url, scenario, rerun)
    const problems: string[] = []
    if (report.exitCode !== exitCode) {
      problems.push(`exit ${report.exitCode}, ${report.outcome}: ${JSON.stringify(report.error)}`)
    }
    const found = await settledPicture(copy.url, scenario.rows)
    return [...problems, ...differences(expected, found), ...offences(found)]
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  } finally {
    await copy.drop()
  }
}

/** A backend whose client just left needs a moment to go. */
export async function settledPicture(url: string, rows: string): Promise<Picture & Traces> {
  const deadline = Date.now() + 3_000
  while (true) {
    const picture = await pictureOf(url, rows)
    if (picture.backends === 0 || Date.now() > deadline) return picture
  }
}

export function differences(expected: Picture, found: Picture): string[] {
  const missing = expected.catalog.filter((line) => !found.catalog.includes(line))
  const extra = found.catalog.filter((line) => !expected.catalog.includes(line))
  const problems = [
    ...missing.map((line) => `catalog: missing ${line.slice(0, 200)}`),
    ...extra.map((line) => `catalog: too much ${line.slice(0, 200)}`),
  ]
  for (const part of ['rows', 'migrations', 'steps'] as const) {
    const [wanted, actual] = [JSON.stringify(expected[part]), JSON.stringify(found[part])]
    if (wanted !== actual) problems.push(`${part}: ${firstDifference(wanted, actual)}`)
  }
  return problems
}

function firstDifference(wanted: string, actual: string): string {
  let at = 0
  while (at < wanted.length && wanted[at] === actual[at]) at += 1
  const from = Math.max(0, at - 60)
  return `expected …${wanted.slice(from, at + 120)}, found …${actual.slice(from, at + 120)}`
}

/** Whatever the boundary: no run without an end, no version twice, no backend left. */
export function offences({ runs, doubled, backends }: Traces): string[] {
  return [
    ...(runs.some(({ outcome }) => outcome === null) ? ['journal: a run without an end'] : []),
    ...(doubled > 0 ? [`journal: ${doubled} versions begun twice`] : []),
    ...(backends > 0 ? [`${backends} backends left`] : []),
  ]
}
