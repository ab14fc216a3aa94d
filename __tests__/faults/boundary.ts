import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ProgramResult, project } from '../support/program.ts'
import { type Fate, type Request, startProxy } from './proxy.ts'

/**
 * Where a run is killed: at a request of one of its connections, before it is sent, while the server works on it (the answer never arrives), or after the server has
 * answered, when the run hasn't heard it yet.
 */
export interface Boundary {
  readonly role: string
  readonly index: number
  readonly moment: 'before' | 'during' | 'after'
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
  const note = ({ role, index, type, text }: Request, moments: readonly Boundary['moment'][]) => {
    for (const moment of moments) {
      const known = boundaries.some(
        (one) => one.role === role && one.index === index && one.moment === moment,
      )
      if (!known) boundaries.push({ role, index, moment, type, text })
    }
  }
  const result = await runThrough(invocation, {
    onRequest: (request) => {
      note(request, ['before', 'during'])
      return 'pass'
    },
    onAnswer: (request) => {
      note(request, ['after'])
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

export function describeBoundary({ role, index, moment, type, text }: Boundary): string {
  const line = text.replaceAll(/[^\x20-\x7e]+/g, ' ').trim()
  return `${moment} ${role} ${index}: ${type} ${line.slice(0, 160)}`
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

function leavesNothing({ type, text }: Boundary): boolean {
  if (type === 'X') return true
  if (type === 'P') return /^\s*(select|with made|values|show)\b/i.test(text)
  return (
    !/\b(commit|airlock\.)/i.test(text) &&
    /^\s*(set|begin|rollback|discard all|select)\b/i.test(text)
  )
}
