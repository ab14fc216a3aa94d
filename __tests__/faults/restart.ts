import { spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { type EmbeddedServer, startServer } from '../../scripts/embedded.ts'

/** A server that can be ended and started again on the same data and port. */
export interface RestartableServer {
  readonly adminUrl: string
  /** `immediate`: as a crash, with recovery afterwards; `fast`: every session is ended, then it shuts down in order. Resolves when sessions are accepted. `meanwhile` gets its folder. */
  restart(how: 'immediate' | 'fast', meanwhile?: (data: string) => void): Promise<void>
  stop(): Promise<void>
}

/** What was committed must survive a crash: the tests' servers are usually started without that. */
const settings = {
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: '200',
  max_prepared_transactions: '10',
  wal_level: 'logical',
}

export async function startRestartable(
  major: number,
  more: Readonly<Record<string, string>> = {},
): Promise<RestartableServer> {
  const server = await startServer({ major, settings: { ...settings, ...more } })
  const data = await dataFolder(server)
  // Of the form: /path/postgres "-D" "/path/data" "-c" "name=value" …
  const line = readFileSync(join(data, 'postmaster.opts'), 'utf8').trim()
  const binary = line.split(' "')[0] ?? ''
  const args = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text)
  const { uid, gid } = statSync(data)
  return {
    adminUrl: server.url('postgres'),
    async restart(how, meanwhile) {
      await end(data, how === 'immediate' ? 'SIGQUIT' : 'SIGINT')
      meanwhile?.(data)
      spawn(binary, args, {
        cwd: data,
        env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
        detached: true,
        stdio: 'ignore',
        ...(process.getuid?.() === 0 ? { uid, gid } : {}),
      }).unref()
      await ready(data)
    },
    async stop() {
      await end(data, 'SIGINT')
      await server.stop()
    },
  }
}

async function dataFolder(server: EmbeddedServer): Promise<string> {
  const client = new pg.Client({ connectionString: server.url('postgres') })
  await client.connect()
  const { rows } = await client.query('show data_directory')
  await client.end()
  return String(rows[0]?.data_directory)
}

/** The lines of postmaster.pid: the first is the pid, the last says whether sessions are accepted. */
function pidFile(data: string): string[] {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

async function end(data: string, signal: NodeJS.Signals): Promise<void> {
  const pid = Number(pidFile(data)[0])
  // One that has ended itself leaves its file behind.
  if (!(pid > 0) || !isAlive(pid)) return
  process.kill(pid, signal)
  for (let waited = 0; waited < 20_000; waited += 10) {
    if (!isAlive(pid)) return
    await pause(10)
  }
  throw new Error(`the server did not end after ${signal}`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  // A zombie answers to signal 0 too; where there is /proc, its state tells.
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return process.platform !== 'linux'
  }
}

async function ready(data: string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 20) {
    if (pidFile(data)[7]?.trim() === 'ready') return
    await pause(20)
  }
  throw new Error('the server was not ready again after half a minute')
}

/** Acts once, as soon as everybody of a group has come, or has said that he won't. */
export class Meeting {
  private readonly act: () => Promise<void>
  private missing: number
  private done: () => void = () => {}
  private fail: (error: unknown) => void = () => {}
  private readonly happened: Promise<void>

  constructor(members: number, act: () => Promise<void>) {
    this.missing = members
    this.act = act
    this.happened = new Promise((resolve, reject) => {
      this.done = resolve
      this.fail = reject
    })
    this.happened.catch(() => undefined)
  }

  arrive(): Promise<void> {
    this.leave()
    return this.happened
  }

  leave(): void {
    this.missing -= 1
    if (this.missing === 0) void this.act().then(this.done, this.fail)
  }
}
