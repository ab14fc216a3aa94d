import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ProgramResult, project } from '../support/program.ts'
import { type Fate, type Request, startProxy } from './proxy.ts'

/**
 * Where a run is killed: at a request of one of its connections, before it is sent, while the server works on it (the answer never arrives), or after the server has
 * answered, when the run hasn't heard it yet. `within`: after some of its statements, where it holds several.
 */
export interface Boundary {
  readonly role: string
  readonly index: number
  readonly moment: 'before' | 'within' | 'during' | 'after'
  /** `within`: how many of its statements arrive; otherwise 0. */
  readonly arrived: number
  /** How many it holds. */
  readonly statements: number
  /** What is sent there. */
  readonly type: string
  readonly text: string
}

export interface Invocation {
  /** Of the database, as one would write it. */
  readonly url: string
  readonly cwd: string
  readonly args: readonly string[]
}

/** Runs the built command line through a proxy and notes every boundary that it passes. */
export async function countBoundaries(
  invocation: Invocation,
): Promise<{ readonly result: ProgramResult; readonly boundaries: readonly Boundary[] }> {
  const boundaries: Boundary[] = []
  const seen = new Set<string>()
  const note = (
    { role, index, type, text, statements }: Request,
    moment: Boundary['moment'],
    arrived = 0,
  ): void => {
    const place = [role, index, moment, arrived].join()
    if (!seen.has(place)) boundaries.push({ role, index, moment, arrived, statements, type, text })
    seen.add(place)
  }
  const result = await runThrough(invocation, {
    onRequest: (request) => {
      note(request, 'before')
      for (let arrived = 1; arrived < request.statements; arrived++) {
        note(request, 'within', arrived)
      }
      note(request, 'during')
      return 'pass'
    },
    onAnswer: (request) => {
      note(request, 'after')
      return 'pass'
    },
  })
  return { result, boundaries }
}

/** Runs the built command line and kills it (kill -9) at the boundary. Throws when it ended without having come there. */
export async function killAt(invocation: Invocation, boundary: Boundary): Promise<void> {
  let child: ChildProcess | undefined
  const isThere = ({ role, index }: Request) => role === boundary.role && index === boundary.index
  const kill = <Ending extends Fate>(ending: Ending): Ending => {
    child?.kill('SIGKILL')
    return ending
  }
  const result = await runThrough(
    invocation,
    {
      onRequest: (request) => {
        if (!isThere(request) || boundary.moment === 'after') return 'pass'
        if (boundary.moment === 'within') return kill(boundary.arrived)
        return kill(boundary.moment === 'before' ? 'cut' : 'pass-and-cut')
      },
      onAnswer: (request) =>
        isThere(request) && boundary.moment === 'after' ? kill('cut') : 'pass',
    },
    (started) => {
      child = started
    },
  )
  if (result.signal !== 'SIGKILL') {
    throw new Error(`the run never came to ${describeBoundary(boundary)}: ${result.stdout}`)
  }
}

export function describeBoundary(boundary: Boundary): string {
  const { role, index, moment, arrived, type, text } = boundary
  const line = text.replaceAll(/[^\x20-\x7e]+/g, ' ').trim()
  const when = moment === 'within' ? `after statement ${arrived} of` : moment
  return `${when} ${role} ${index}: ${type} ${line.slice(0, 160)}`
}

async function runThrough(
  { url, cwd, args }: Invocation,
  events: Parameters<typeof startProxy>[1],
  started: (child: ChildProcess) => void = () => {},
): Promise<ProgramResult> {
  const target = new URL(url)
  const proxy = await startProxy({ host: target.hostname, port: Number(target.port) }, events)
  target.hostname = '127.0.0.1'
  target.port = String(proxy.port)
  try {
    return await runDirectly({ url: target.href, cwd, args }, started)
  } finally {
    await proxy.close()
  }
}

/** Runs the built command line without a proxy. */
export function runDirectly(
  { url, cwd, args }: Invocation,
  started: (child: ChildProcess) => void = () => {},
): Promise<ProgramResult> {
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, DATABASE_URL: url, NODE_COMPILE_CACHE: join(tmpdir(), 'airlock-cache') }
  const child = spawn(process.execPath, [...quickStart, join(project, 'dist', 'cli.js'), ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started(child)
  return new Promise((settle, fail) => {
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text
      })
    }
    child.on('error', fail)
    child.on('close', (code, signal) => settle({ code, signal, ...output }))
  })
}

/** The same program, started hundreds of times for a second each: compiling the parser's WebAssembly well costs more than it saves (1.1 s against 0.3 s). */
const quickStart = ['--liftoff-only', '--single-threaded']

/**
 * The boundaries that differ in what the server has done. The moment before a request is the moment after the one before it. A request that reads, sets
 * something for its session or opens a transaction leaves nothing behind when its session dies: nothing differs before, during and after it.
 */
export function distinct(boundaries: readonly Boundary[]): Boundary[] {
  return boundaries.filter((boundary) => {
    if (boundary.moment === 'before') return boundary.index === 0
    return !leavesNothing(boundary)
  })
}

function leavesNothing({ role, type, text, statements }: Boundary): boolean {
  // What the observer asks in one go outside the journal, it only reads.
  if (statements > 1) return role === 'observer' && !text.includes('airlock.')
  if (type === 'X') return true
  if (type === 'P') return /^\s*(select|with made|values|show)\b/i.test(text)
  return (
    !/\b(commit|airlock\.)/i.test(text) &&
    /^\s*(set|begin|rollback|discard all|select)\b/i.test(text)
  )
}
