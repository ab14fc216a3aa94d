import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { serverAccount } from '../../scripts/embedded/account.ts'
import type { Server } from './database.ts'

export type PoolMode = 'session' | 'transaction' | 'statement'

export interface PgBouncer {
  /** The same URL by way of the pooler. */
  by(url: string): string
  log(): string
  stop(): Promise<void>
}

/** Debian installs it where only root's PATH leads. */
const program = [process.env.PGBOUNCER ?? 'pgbouncer', '/usr/sbin/pgbouncer'].find(
  (path) => spawnSync(path, ['--version']).status === 0,
)

/** npm has no PgBouncer: it is a package of the operating system's. */
export const hasPgBouncer = program !== undefined

/** A PgBouncer before a server, on a free loopback port, as an unprivileged user: it refuses to run as root. */
export async function startPgBouncer(
  server: Server,
  mode: PoolMode,
  settings: Readonly<Record<string, string>> = {},
): Promise<PgBouncer> {
  if (program === undefined) throw new Error('pgbouncer is not installed')
  const account = serverAccount()
  const folder = mkdtempSync(join(tmpdir(), 'pg-airlock-pooler-'))
  const port = await freePort()
  const files = {
    users: `"${server.user}" "${server.password}"\n`,
    ini: [
      '[databases]',
      `* = host=${server.host} port=${server.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = scram-sha-256',
      `auth_file = ${join(folder, 'users')}`,
      `pool_mode = ${mode}`,
      ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
      '',
    ].join('\n'),
  }
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    if (account !== null) chownSync(join(folder, name), account.uid, account.gid)
  }
  chmodSync(folder, 0o755)
  const child = spawn(program, [join(folder, 'ini')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
  })
  let log = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  for (let waited = 0; !(await listens(port)); waited += 50) {
    if (waited > 5_000 || child.exitCode !== null) {
      await stop()
      throw new Error(`pgbouncer did not start:\n${log}`)
    }
    await pause(50)
  }
  return {
    by(text) {
      const url = new URL(text)
      url.hostname = '127.0.0.1'
      url.port = String(port)
      return url.href
    },
    log: () => log,
    stop,
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = address !== null && typeof address === 'object' ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}
