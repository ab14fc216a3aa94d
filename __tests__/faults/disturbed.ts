import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Report } from '../../src/report/types.ts'
import { runEngine } from '../support/engine.ts'
import { runDirectly } from './boundary.ts'
import { type Control, controlOf } from './control.ts'
import type { Act } from './faults.ts'
import type { Disturbed } from './judge.ts'
import type { Point } from './points.ts'
import { type Request, startProxy, type Proxy as Tap } from './proxy.ts'
import type { Scenario } from './scenario.ts'
import { deadlineMs, within } from './within.ts'

/** Longer than any gate is shut, so that only the fault ends a wait. */
const patient = { 'lock-timeout': '20s', 'run-lock-timeout': '30s' }

/** Runs a deployment through a proxy of its own and lets the fault happen at the point. `restart` ends and starts the server. */
export async function runDisturbed(
  url: string,
  scenario: Scenario,
  point: Point,
  act: Act,
  restart: () => Promise<void>,
): Promise<Disturbed> {
  const control = await controlOf(url)
  const target = new URL(url)
  // Where nothing answers any more, each try to connect takes as long.
  target.searchParams.set('connect_timeout', '2')
  const run: Running = {
    child: null,
    injected: false,
    failure: null,
    offences: [],
    happening: null,
  }
  const isThere = locator(point)
  const inject = () => {
    run.injected = true
    run.happening = injected()
    return run.happening
  }
  const injected = async () => {
    try {
      await happen(act, { control, proxy, run, restart })
    } catch (error) {
      run.failure = error instanceof Error ? error : new Error(String(error))
    }
    if (point.waitsForLock) await control.open()
  }
  const proxy = await startProxy(
    { host: target.hostname, port: Number(target.port) },
    {
      onRequest(request) {
        if (run.injected || point.moment === 'after' || !isThere(request)) return 'pass'
        if (point.moment === 'before') return inject().then(() => afterwards(act))
        return shut(control, point).then(() => {
          void control
            .workerWaits()
            .then(inject)
            // What the fault sets going must reach the statement while it waits.
            .then(() => pause(250))
            .catch((error) => {
              run.failure = error
            })
            .finally(() => control.open())
          return 'pass' as const
        })
      },
      onAnswer(request) {
        if (run.injected || point.moment !== 'after' || !isThere(request)) return 'pass'
        return inject().then(() => afterwards(act))
      },
    },
  )
  target.hostname = '127.0.0.1'
  target.port = String(proxy.port)
  try {
    if (point.waitsForLock) await control.holdRunLock()
    const report = await within(
      deadlineMs,
      act.type === 'signals'
        ? byProgram(target.href, scenario, act, run)
        : inProcess(target.href, scenario),
    )
    await run.happening
    if (run.failure !== null) throw run.failure
    return {
      injected: run.injected,
      hung: report === 'too late',
      report: report === 'too late' ? null : report,
      offences: run.offences,
    }
  } finally {
    run.child?.kill('SIGKILL')
    // What a server's keepalives do in the end to a connection that fell silent: the next run must not have to wait for that here.
    await proxy.close()
    await control.close()
  }
}

interface Running {
  child: ChildProcess | null
  injected: boolean
  failure: Error | null
  /** Resolves when the fault has happened: a server is up again. A run may end before. */
  happening: Promise<void> | null
  readonly offences: string[]
}

async function shut(control: Control, { gate }: Point): Promise<void> {
  if (gate === undefined) throw new Error('a point in the midst of a statement needs a gate')
  await control.shut(gate)
}

/** Finds the point among the requests, or among their answers, of which it is asked one after the other. */
function locator({ role, find, after, nth = 1 }: Point): (request: Request) => boolean {
  let begun = after === undefined
  let found = 0
  return (request) => {
    const isFound = begun && request.role === role && find.test(request.text)
    if (isFound) found += 1
    begun ||= after?.test(request.text) === true
    return isFound && found === nth
  }
}

/** A dead program sends nothing more, and hears nothing. */
function afterwards(act: Act): 'pass' | 'cut' {
  return act.type === 'signals' && act.signals.includes('SIGKILL') ? 'cut' : 'pass'
}

async function happen(
  act: Act,
  on: {
    readonly control: Control
    readonly proxy: Tap
    readonly run: Running
    readonly restart: () => Promise<void>
  },
): Promise<void> {
  switch (act.type) {
    case 'signals':
      for (const [index, signal] of act.signals.entries()) {
        if (index > 0) await pause(100)
        on.run.child?.kill(signal)
      }
      // The signal's handler gets its turn before the run hears anything else.
      return pause(50)
    case 'reset':
      return on.proxy.reset(act.hit)
    case 'drop':
      return on.proxy.drop(act.hit, act.direction)
    case 'terminate':
      await on.control.terminate(act.role)
      return pause(20)
    case 'cancel':
      return on.control.cancelWorker()
    case 'restart':
      return on.restart()
    case 'disk full':
      throw new Error('no point of a run has a full disk of its own')
  }
}

async function inProcess(url: string, { files, gates }: Scenario): Promise<Report> {
  const { report } = await runEngine({ url }, 'deploy', { files, gates, settings: patient })
  return report
}

/** The built program; every ending but that by kill -9 must leave report and summary. */
async function byProgram(
  url: string,
  { workspace }: Scenario,
  { signals }: Extract<Act, { type: 'signals' }>,
  run: Running,
): Promise<Report | null> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-fault-'))
  const [reportPath, summary] = [join(folder, 'report.json'), join(folder, 'summary.md')]
  const settings = Object.entries(patient).flatMap(([name, value]) => [`--${name}`, value])
  const args = ['deploy', '--report', reportPath, '--summary', summary, ...settings]
  try {
    const result = await runDirectly({ url, cwd: workspace.folder, args }, (child) => {
      run.child = child
    })
    if (signals.includes('SIGKILL')) {
      if (result.signal !== 'SIGKILL') run.offences.push('the program outlived kill -9')
      return null
    }
    if (!existsSync(reportPath) || !existsSync(summary)) {
      run.offences.push(`no report or no summary was written: ${result.stdout}${result.stderr}`)
      return null
    }
    const report = JSON.parse(readFileSync(reportPath, 'utf8')) as Report
    // A second SIGINT that finds the report written ends the process by itself, which a shell calls 130.
    const code = result.signal === 'SIGINT' ? 130 : result.code
    if (report.exitCode !== code) {
      run.offences.push(`exit ${result.code} ${result.signal}, the report says ${report.exitCode}`)
    }
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
