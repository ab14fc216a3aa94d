import type { Report } from '../../src/report/types.ts'
import { runEngine } from '../support/engine.ts'
import type { Picture, Scenario, Traces } from './scenario.ts'
import { differences, offences, settledPicture } from './walk.ts'
import { deadlineMs, within } from './within.ts'

export const outcomes = [
  'by itself',
  'by the next run',
  'by a person',
  'lost or doubled',
  'hung',
] as const
export type Outcome = (typeof outcomes)[number]

export interface Judgement {
  readonly outcome: Outcome
  /** What was different, or how the run and the next one ended. */
  readonly notes: readonly string[]
}

/** How a run ended that a fault had met. */
export interface Disturbed {
  /** It came to the point, and the fault happened. */
  readonly injected: boolean
  /** It did not end by itself in time. */
  readonly hung: boolean
  /** Null where it was killed, or hung. */
  readonly report: Report | null
  /** What is wrong with how it ended, whatever the database says. */
  readonly offences: readonly string[]
}

/** What the undisturbed run left, and how it ended. */
export interface Undisturbed {
  readonly exitCode: number
  readonly message: string
  readonly picture: Picture
}

/** Runs the deployment again, straight, and compares what is there then with what an undisturbed run leaves. */
export async function judge(
  url: string,
  scenario: Scenario,
  expected: Undisturbed,
  disturbed: Disturbed,
): Promise<Judgement> {
  if (!disturbed.injected) return wrong(['the run never came to the point', told(disturbed.report)])
  if (disturbed.hung) return { outcome: 'hung', notes: ['the run did not end by itself'] }
  const next = await rerun(url, scenario, scenario.files)
  if (next === 'too late') return { outcome: 'hung', notes: ['the next run did not end'] }
  const notes = [told(disturbed.report), told(next)]
  if (disturbed.offences.length > 0) return wrong([...disturbed.offences, ...notes])
  if (next.exitCode === 3) return byPerson(next, notes)
  const found = await settledPicture(url, scenario.rows)
  const problems = compare(
    expected.picture,
    found,
    keepsRows(disturbed.report) ? countsOfRows : nothing,
  )
  if (next.exitCode !== expected.exitCode) problems.push(`exit ${next.exitCode}`)
  if (problems.length > 0) return wrong([...problems, ...notes])
  const { report } = disturbed
  const asIfNothing =
    report !== null &&
    report.exitCode === expected.exitCode &&
    (report.error?.message ?? '') === expected.message
  return { outcome: asIfNothing ? 'by itself' : 'by the next run', notes }
}

/** Rows that a rolled-back migration had committed were named as kept: the same migration, begun anew, counts only those that were left to it. */
const keepsRows = (report: Report | null): boolean =>
  report?.migrations.some(({ rollback }) => (rollback?.kept ?? []).length > 0) === true

/** Places in the journal's lines (see `pictureOf`) that may differ. */
interface Tolerated {
  readonly migrations: readonly number[]
  readonly steps: readonly number[]
}

const nothing: Tolerated = { migrations: [], steps: [] }
const countsOfRows: Tolerated = { migrations: [9], steps: [4, 5] }
/** The person has changed a file. */
const checksums: Tolerated = { migrations: [2], steps: [] }

function compare(expected: Picture, found: Picture & Traces, tolerated: Tolerated): string[] {
  const without = (lines: unknown, places: readonly number[]) =>
    Array.isArray(lines)
      ? lines.map((line: unknown[]) => line.filter((_, place) => !places.includes(place)))
      : lines
  const told = ({ catalog, rows, migrations, steps }: Picture): Picture => ({
    catalog,
    rows,
    migrations: without(migrations, tolerated.migrations),
    steps: without(steps, tolerated.steps),
  })
  return [...differences(told(expected), told(found)), ...offences(found)]
}

/** Exit 3 alone is no help: it must be said what is left, or what to do. */
export function tellsWhat({ error, migrations }: Report): boolean {
  const left = migrations.flatMap(({ rollback }) => [
    ...(rollback?.difference ?? []),
    ...(rollback?.kept ?? []),
    ...(rollback?.reason === undefined ? [] : [rollback.reason]),
  ])
  return left.length > 0 || (error?.fix ?? '') !== ''
}

function byPerson(report: Report, notes: readonly string[]): Judgement {
  if (tellsWhat(report)) return { outcome: 'by a person', notes }
  return wrong(['it needs a person and does not say what to do', ...notes])
}

const wrong = (notes: readonly string[]): Judgement => ({ outcome: 'lost or doubled', notes })

async function rerun(
  url: string,
  { gates }: Scenario,
  files: Scenario['files'],
): Promise<Report | 'too late'> {
  const running = runEngine({ url }, 'deploy', {
    files,
    gates,
    settings: { 'run-lock-timeout': '20s' },
  })
  const result = await within(deadlineMs, running)
  return result === 'too late' ? result : result.report
}

/** Does what the report asked a person for, and deploys once more: only then is nothing lost or doubled. */
export async function afterPerson(
  url: string,
  scenario: Scenario,
  expected: Undisturbed,
  remedy: (files: Scenario['files']) => Scenario['files'],
): Promise<readonly string[]> {
  const last = await rerun(url, scenario, remedy(scenario.files))
  if (last === 'too late') return ['the run after the person did not end']
  const found = await settledPicture(url, scenario.rows)
  const problems = compare(expected.picture, found, checksums)
  return last.exitCode === expected.exitCode ? problems : [...problems, told(last)]
}

export async function undisturbedRun(url: string, scenario: Scenario): Promise<Undisturbed> {
  const report = await rerun(url, scenario, scenario.files)
  if (report === 'too late') throw new Error('the undisturbed run did not end')
  const picture = await settledPicture(url, scenario.rows)
  return { exitCode: report.exitCode, message: report.error?.message ?? '', picture }
}

function told(report: Report | null): string {
  if (report === null) return 'killed'
  const { outcome, exitCode, error, migrations } = report
  const reasons = migrations.flatMap(
    ({ rollback }) => rollback?.reason ?? rollback?.error?.message ?? [],
  )
  return [`${outcome} ${exitCode}`, error?.message ?? '', ...reasons].filter(Boolean).join(': ')
}
