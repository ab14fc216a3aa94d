import { StringDecoder } from 'node:string_decoder'
import { endOf } from './redact.ts'
import { loadExec } from './toolkit.ts'

export interface ProgramOptions {
  /** The whole environment. Passwords go here, never into the arguments, which every user of the machine may read. */
  readonly env: Readonly<Record<string, string>>
  /** Milliseconds, after which it is stopped. */
  readonly timeoutMs: number
  /** Stops it when it is aborted. */
  readonly stop?: AbortSignal
  /** What it makes is readable for its owner only (umask 077). */
  readonly isPrivate?: boolean
  /** What the end of its error output may not be cut within: half a secret would be overlooked. */
  readonly redact?: (text: string) => string
  /** Characters of its output that are kept; default one million. */
  readonly longest?: number
}

export interface ProgramEnd {
  readonly ended: 'exited' | 'timed-out' | 'stopped' | 'not-found'
  /** Null where a signal ended it. */
  readonly code: number | null
  /** The first `longest` characters. */
  readonly stdout: string
  /** The last 10,000 characters, secrets among them: an error comes at the end. */
  readonly stderr: string
  readonly durationMs: number
}

/**
 * @actions/exec hands out no process that could be killed, so a shell tells its pid in the first line of the standard error and then becomes
 * the program. Where there is setsid (every Linux), the program leads a process group of its own: what it started is killed with it, and a
 * Ctrl-C at the terminal reaches it through us only. Its input is /dev/null: what @actions/exec would write to a pipe fails with EPIPE, which
 * nobody catches, where the program ends first.
 */
const launcher = `echo "$$" >&2
command -v "$1" >/dev/null 2>&1 || exit 127
command -v setsid >/dev/null 2>&1 && exec setsid "$@" </dev/null
exec "$@" </dev/null`

/** What a program gets to end by itself once it was asked to (SIGTERM) before it is killed. */
const graceMs = 2_000
const stderrKept = 10_000

/** The environment for a program: ours with libpq's variables replaced by those given. */
export function programEnvironment(
  more: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const kept = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    value === undefined || /^PG[A-Z]+$/.test(name) ? [] : [[name, value]],
  )
  return { ...Object.fromEntries(kept), ...more }
}

/**
 * What a user's own command may need to find the cluster's files (pgBackRest, Debian's pg_ctlcluster), and no program of ours: Debian's pg_dump
 * would take another version by PGCLUSTER.
 */
export function clusterEnvironment(
  { PGDATA, PGCLUSTER }: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  return {
    ...(PGDATA === undefined ? {} : { PGDATA }),
    ...(PGCLUSTER === undefined ? {} : { PGCLUSTER }),
  }
}

/**
 * Runs a program through @actions/exec to its end, which may be a timeout or a stop. Its standard input is empty. Never throws for what the
 * program does, not even where there is none.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramEnd> {
  const { exec } = await loadExec()
  const started = Date.now()
  const output = collect(options)
  const killer = killerOf(() => output.pid)
  let ended: ProgramEnd['ended'] = 'exited'
  const end = (why: 'timed-out' | 'stopped') => () => {
    if (ended === 'exited') ended = why
    killer.kill()
  }
  const stop = end('stopped')
  const timer = setTimeout(end('timed-out'), Math.min(options.timeoutMs, 2 ** 31 - 1))
  options.stop?.addEventListener('abort', stop)
  if (options.stop?.aborted) stop()
  try {
    const script = options.isPrivate ? `umask 077\n${launcher}` : launcher
    const code = await exec('sh', ['-c', script, 'sh', program, ...args], {
      env: { ...options.env },
      silent: true,
      ignoreReturnCode: true,
      delay: graceMs,
      listeners: {
        stdout: output.stdout,
        stderr(data) {
          output.stderr(data)
          if (ended !== 'exited') killer.kill()
        },
      },
    })
    return finished(output, started, ended, Number.isInteger(code) ? code : null)
  } catch (error) {
    // There is no shell.
    output.stderr(Buffer.from(error instanceof Error ? error.message : String(error)))
    return finished(output, started, 'not-found', null)
  } finally {
    clearTimeout(timer)
    killer.done()
    options.stop?.removeEventListener('abort', stop)
  }
}

function finished(
  output: ReturnType<typeof collect>,
  started: number,
  ended: ProgramEnd['ended'],
  code: number | null,
): ProgramEnd {
  const { stdout, stderr } = output.texts()
  const isMissing = ended === 'exited' && code === 127 && stdout === '' && stderr === ''
  return {
    ended: isMissing ? 'not-found' : ended,
    code,
    stdout,
    stderr,
    durationMs: Date.now() - started,
  }
}

/** Keeps the start of one stream and the end of the other; the first line of the latter is the pid. */
function collect({ longest = 1_000_000, redact = (text) => text }: ProgramOptions) {
  const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
  let [stdout, stderr] = ['', '']
  let pid: number | null = null
  return {
    get pid() {
      return pid
    },
    stdout(data: Buffer) {
      if (stdout.length < longest) {
        stdout = (stdout + decoders.stdout.write(data)).slice(0, longest)
      }
    },
    stderr(data: Buffer) {
      stderr += decoders.stderr.write(data)
      const line = pid === null ? /^(\d+)\n/.exec(stderr) : null
      if (line !== null) {
        pid = Number(line[1])
        stderr = stderr.slice(line[0].length)
      }
      if (stderr.length > 2 * stderrKept) stderr = endOf(stderr, stderrKept, redact)
    },
    texts: () => ({ stdout, stderr: endOf(stderr.trim(), stderrKept, redact) }),
  }
}

/** Asks a process group to end, then ends it. */
function killerOf(pid: () => number | null) {
  let timer: NodeJS.Timeout | null = null
  return {
    kill() {
      const known = pid()
      if (known === null || timer !== null) return
      signal(known, 'SIGTERM')
      timer = setTimeout(() => signal(known, 'SIGKILL'), graceMs)
    },
    /** It has ended; what it started and left behind is killed with it. */
    done() {
      if (timer === null) return
      clearTimeout(timer)
      signalGroup(pid() ?? 0, 'SIGKILL')
    },
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  if (signalGroup(pid, name)) return
  try {
    process.kill(pid, name)
  } catch {
    // Gone already.
  }
}

/** False: it leads no group, or is gone. */
function signalGroup(pid: number, name: NodeJS.Signals): boolean {
  try {
    return pid > 1 && process.kill(-pid, name)
  } catch {
    return false
  }
}
