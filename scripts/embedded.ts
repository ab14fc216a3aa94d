import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Account, canReach, handOver, serverAccount } from './embedded/account.ts'
import { installedMajors, nativeFolder } from './embedded/binaries.ts'
import { watch } from './embedded/watchdog.ts'

export { installedMajors }

export interface ServerOptions {
  readonly major: number
  /** Server settings, given as `-c name=value`; they win over the tuned ones. */
  readonly settings?: Readonly<Record<string, string>>
  /** PEM texts: the server then speaks TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string }
}

export interface EmbeddedServer {
  readonly major: number
  /** Holds `data`, the data directory. */
  readonly folder: string
  readonly host: string
  readonly port: number
  /** A superuser. */
  readonly user: string
  readonly password: string
  /** Everything that the server wrote to its log so far. */
  log(): string
  url(database: string): string
  /** Fast shutdown, then the data is removed. */
  stop(): Promise<void>
  /** Ends the server at once as a crash would (SIGQUIT), then the data is removed. */
  kill(): Promise<void>
}

/** A throw-away server needs no durability, only speed and room for many databases and sessions. */
const tuned: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  max_wal_size: '2GB',
  log_line_prefix: '%m [%p] %q%a ',
}

/**
 * Starts a PostgreSQL of the given major from npm's binaries on a free loopback port, with its data in a temporary folder. The server
 * and the data are gone when `stop` was called or when this process ends, however it ends.
 */
export function startServer(options: ServerOptions): Promise<EmbeddedServer> {
  const password = randomBytes(12).toString('hex')
  return startOn(options, password, (native, folder, account) =>
    initialise(native, folder, password, account),
  )
}

/**
 * Starts a streaming standby of a running server. npm's binaries have no pg_basebackup, so the data folder is copied: `frozen` runs the copy between
 * pg_backup_start and pg_backup_stop, and returns the text of backup_label.
 */
export function startStandby(
  primary: EmbeddedServer,
  settings: Readonly<Record<string, string>>,
  frozen: (copy: () => void) => Promise<string>,
): Promise<EmbeddedServer> {
  const { major, host, port, user, password } = primary
  const upstream = `host=${host} port=${port} user=${user} password=${password}`
  return startOn({ major, settings }, password, async (_, folder, account) => {
    const data = join(folder, 'data')
    const label = await frozen(() => copyData(join(primary.folder, 'data'), data))
    writeFileSync(join(data, 'backup_label'), label)
    writeFileSync(join(data, 'standby.signal'), '')
    // Not on the command line, which ALTER SYSTEM couldn't change.
    appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${upstream}'\n`)
    handOver(account, data)
    chmodSync(data, 0o700)
  })
}

/** Without what belongs to the running server alone; WAL is streamed, from the backup's start on. */
function copyData(from: string, to: string): void {
  const emptied = ['pg_wal', 'pg_replslot', 'pg_dynshmem'].map((name) => join(from, name))
  cpSync(from, to, {
    recursive: true,
    filter: (path) =>
      existsSync(path) && !path.includes('postmaster.') && !emptied.includes(dirname(path)),
  })
}

async function startOn(
  options: ServerOptions,
  password: string,
  fill: (native: string, folder: string, account: Account | null) => Promise<void>,
): Promise<EmbeddedServer> {
  const account = serverAccount()
  const folder = makeFolder(account)
  const watchdog = watch(folder)
  try {
    const native = nativeFolder(options.major, account, folder)
    await fill(native, folder, account)
    const { child, port } = await startOnFreePort(native, folder, options, account)
    const end = async (signal: NodeJS.Signals) => {
      await endProcess(child, signal)
      rmSync(folder, { recursive: true, force: true })
      watchdog.release()
    }
    return {
      major: options.major,
      folder,
      host: '127.0.0.1',
      port,
      user: 'postgres',
      password,
      log: () => readFileSync(join(folder, 'log'), 'utf8'),
      url: (database) =>
        `postgresql://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
      stop: () => end('SIGINT'),
      kill: () => end('SIGQUIT'),
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    watchdog.release()
    throw error
  }
}

function makeFolder(account: Account | null): string {
  const parent = [tmpdir(), '/tmp', '/var/tmp'].find((place) => {
    try {
      return canReach(account, place)
    } catch {
      return false
    }
  })
  if (parent === undefined) {
    throw new Error(
      `The user "${account?.name}" can't enter ${tmpdir()}, where the server's data would go. ` +
        'Set TMPDIR to a folder that all users may enter.',
    )
  }
  const folder = mkdtempSync(join(parent, 'pg-airlock-server-'))
  if (account !== null) chownSync(folder, account.uid, account.gid)
  return folder
}

function spawnOptions(account: Account | null, folder: string): SpawnOptions {
  return {
    cwd: folder,
    // LC_ALL: messages in English. PG* variables of the caller must not reach the server.
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC', HOME: folder },
    // In a session of its own: Ctrl-C is ours to handle.
    detached: true,
    windowsHide: true,
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
  }
}

async function initialise(
  native: string,
  folder: string,
  password: string,
  account: Account | null,
): Promise<void> {
  const passwordFile = join(folder, 'password')
  writeOwned(passwordFile, `${password}\n`, account)
  const child = spawn(
    join(native, 'bin', 'initdb'),
    [
      `--pgdata=${join(folder, 'data')}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    { ...spawnOptions(account, folder), stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  rmSync(passwordFile)
  if (code !== 0) throw new Error(`initdb ended with exit code ${code}:\n${output}`)
}

async function startOnFreePort(
  native: string,
  folder: string,
  options: ServerOptions,
  account: Account | null,
): Promise<{ child: ChildProcess; port: number }> {
  const settings = { ...tuned, ...tlsSettings(options.tls, folder, account), ...options.settings }
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const log = join(folder, 'log')
    writeOwned(log, '', account)
    const child = launch(native, folder, { ...settings, port: String(port) }, account)
    if (await isReady(child, folder)) return { child, port }
    const text = readFileSync(log, 'utf8')
    // Somebody took the port between our look and the server's start.
    if (attempt < 5 && text.includes('could not bind')) continue
    throw new Error(`PostgreSQL ${options.major} did not start:\n${text}`)
  }
}

function launch(
  native: string,
  folder: string,
  settings: Readonly<Record<string, string>>,
  account: Account | null,
): ChildProcess {
  const pairs = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = openSync(join(folder, 'log'), 'a')
  try {
    const child = spawn(join(native, 'bin', 'postgres'), ['-D', join(folder, 'data'), ...pairs], {
      ...spawnOptions(account, folder),
      stdio: ['ignore', log, log],
    })
    child.on('error', () => {})
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

/** The last line of postmaster.pid says `ready`, or `standby`, as soon as sessions are accepted (10+). */
async function isReady(child: ChildProcess, folder: string): Promise<boolean> {
  for (let waited = 0; waited < 60_000; waited += 20) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
      return false
    const lines = readIfThere(join(folder, 'data', 'postmaster.pid')).split('\n')
    if (Number(lines[0]) === child.pid && ['ready', 'standby'].includes(lines[7]?.trim() ?? ''))
      return true
    await pause(20)
  }
  await endProcess(child, 'SIGQUIT')
  return false
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  if (!hasEnded()) child.kill(signal)
  for (let waited = 0; !hasEnded(); waited += 10) {
    if (waited === 5_000) child.kill('SIGQUIT')
    if (waited === 10_000) child.kill('SIGKILL')
    await pause(10)
  }
}

function tlsSettings(
  tls: ServerOptions['tls'],
  folder: string,
  account: Account | null,
): Record<string, string> {
  if (tls === undefined) return {}
  const certificate = join(folder, 'server.crt')
  const key = join(folder, 'server.key')
  writeOwned(certificate, tls.certificate, account)
  writeOwned(key, tls.key, account)
  return { ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key }
}

function writeOwned(path: string, text: string, account: Account | null): void {
  writeFileSync(path, text, { mode: 0o600 })
  chmodSync(path, 0o600)
  if (account !== null) chownSync(path, account.uid, account.gid)
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
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
