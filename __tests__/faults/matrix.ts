import { preflightChecks } from '../../src/checks/preflight/registry.ts'
import { type Cell, isRestart, isSilence, kindOf } from './cover.ts'
import { runDisturbed } from './disturbed.ts'
import { actOf } from './faults.ts'
import { afterPerson, judge, tellsWhat, type Undisturbed, undisturbedRun } from './judge.ts'
import { type Kind, scenarioOf } from './kinds.ts'
import { personFor } from './persons.ts'
import { points } from './points.ts'
import { Meeting, type RestartableServer } from './restart.ts'
import { makeTemplateOn, onDatabase, type Scenario, type Template } from './scenario.ts'
import type { Tried } from './table.ts'

/** What a kind needs on one server. */
interface Stand {
  readonly scenario: Scenario
  readonly template: Template
  readonly undisturbed: Undisturbed
}

/** As many as two cores bear: most of a disturbed run is waiting. */
const atOnce = 8
/** So many runs are at their points when the server is ended under all of them. */
const perRestart = 10

/** They only read, and would be most of what hundreds of runs cost. */
export const gates = {
  preflight: { checks: Object.fromEntries(preflightChecks.map(({ id }) => [id, 'off'])) },
} as Scenario['gates']

/** Tries every cell on the server, those of a restart on the other, which is ended under many of them at once. */
export async function tryAll(
  adminUrl: string,
  restartable: RestartableServer | null,
  cells: readonly Cell[],
): Promise<Tried[]> {
  const tried: Tried[] = []
  const here = new Stands(adminUrl)
  const there = restartable === null ? null : new Stands(restartable.adminUrl)
  try {
    const queue = cells.filter((cell) => !isRestart(cell) && !isSilence(cell))
    const silent = async (cell: Cell) => {
      tried.push(await tryCell(await here.of(kindOf(cell)), cell, noRestart))
    }
    const one = async () => {
      for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
        tried.push(await tryCell(await here.of(kindOf(cell)), cell, noRestart))
      }
    }
    const restarts = async () => {
      if (restartable === null || there === null) return
      for (const group of groups(cells.filter(isRestart))) {
        tried.push(...(await tryTogether(restartable, there, group)))
      }
    }
    await Promise.all([
      restarts(),
      // They do nothing but wait.
      ...cells.filter(isSilence).map(silent),
      ...Array.from({ length: atOnce }, one),
    ])
  } finally {
    await here.dispose()
    await there?.dispose()
  }
  return tried
}

const noRestart = () => Promise.reject(new Error('this server is not to be restarted'))

/** By the way the server is ended, in groups. */
function groups(cells: readonly Cell[]): Cell[][] {
  return (['server crash', 'server restart'] as const).flatMap((fault) => {
    const same = cells.filter((cell) => cell.fault === fault)
    return Array.from({ length: Math.ceil(same.length / perRestart) }, (_, group) =>
      same.slice(group * perRestart, (group + 1) * perRestart),
    )
  })
}

async function tryTogether(
  server: RestartableServer,
  stands: Stands,
  cells: readonly Cell[],
): Promise<Tried[]> {
  const [first] = cells
  const act = first === undefined ? null : actOf(first.fault)
  if (act?.type !== 'restart') return []
  for (const cell of cells) await stands.of(kindOf(cell))
  const meeting = new Meeting(cells.length, () => server.restart(act.how))
  return Promise.all(
    cells.map(async (cell) => {
      let came = false
      const arrive = () => {
        came = true
        return meeting.arrive()
      }
      const stand = await stands.of(kindOf(cell))
      return tryCell(stand, cell, arrive, () => {
        if (!came) meeting.leave()
      })
    }),
  )
}

async function tryCell(
  { scenario, template, undisturbed }: Stand,
  cell: Cell,
  restart: () => Promise<void>,
  ended: () => void = () => {},
): Promise<Tried> {
  const started = Date.now()
  const point = points[cell.point]
  if (point === undefined) throw new Error(`there is no point "${cell.point}"`)
  const copy = await template.copy()
  const result = (judgement: Pick<Tried, 'outcome' | 'notes'>): Tried => ({
    ...cell,
    ...judgement,
    ms: Date.now() - started,
  })
  try {
    const disturbed = await runDisturbed(copy.url, scenario, point, actOf(cell.fault), restart)
    ended()
    const person = personFor(cell)
    const { report } = disturbed
    const asked = report?.exitCode === 3 && person?.sql !== undefined && tellsWhat(report)
    if (asked) await onDatabase(copy.url, (client) => client.query(person.sql ?? ''))
    const judgement = await judge(copy.url, scenario, undisturbed, disturbed)
    const recovered = judgement.outcome.startsWith('by ')
    if (asked && recovered) return result({ ...judgement, outcome: 'by a person' })
    if (judgement.outcome !== 'by a person' || person?.files === undefined) return result(judgement)
    const problems = await afterPerson(copy.url, scenario, undisturbed, person.files)
    if (problems.length === 0) return result(judgement)
    return result({ outcome: 'lost or doubled', notes: [...problems, ...judgement.notes] })
  } catch (error) {
    ended()
    const notes = [error instanceof Error ? (error.stack ?? error.message) : String(error)]
    return result({ outcome: 'lost or doubled', notes })
  } finally {
    await copy.drop().catch(() => undefined)
  }
}

/** The template of each kind and what its undisturbed run leaves, made when first asked for. */
class Stands {
  private readonly adminUrl: string
  private readonly made = new Map<Kind, Promise<Stand>>()

  constructor(adminUrl: string) {
    this.adminUrl = adminUrl
  }

  of(kind: Kind): Promise<Stand> {
    const known = this.made.get(kind)
    if (known !== undefined) return known
    const making = this.make(kind)
    this.made.set(kind, making)
    return making
  }

  private async make(kind: Kind): Promise<Stand> {
    const scenario = scenarioOf(kind, gates)
    const template = await makeTemplateOn(this.adminUrl, scenario.setUp)
    const copy = await template.copy()
    const undisturbed = await undisturbedRun(copy.url, scenario)
    await copy.drop()
    return { scenario, template, undisturbed }
  }

  async dispose(): Promise<void> {
    for (const making of this.made.values()) {
      const stand = await making.catch(() => null)
      stand?.scenario.workspace.dispose()
      await stand?.template.drop().catch(() => undefined)
    }
  }
}
