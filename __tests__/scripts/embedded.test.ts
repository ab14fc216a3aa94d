import { spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { installedMajors, startServer } from '../../scripts/embedded.ts'
import { certificate, key } from '../support/certificate.ts'

const build = join(import.meta.dirname, '../..')

/** A process that starts a server, says where, and would keep it for ever. */
const keeper = (script: string) => `
  const { startServer } = await import(${JSON.stringify(`file://${script}`)})
  const server = await startServer({ major: ${installedMajors().at(-1)} })
  console.log(server.url('postgres'))
  setInterval(() => {}, 1000)
`

function startKeeper(script = join(build, 'scripts/embedded.js')) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', keeper(script)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const url = new Promise<string>((resolve, reject) => {
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk
    })
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    child.once('close', () => reject(new Error(errors)))
  })
  return { child, url }
}

async function dataFolder(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ folder: string }>(
      `SELECT current_setting('data_directory') AS folder`,
    )
    return dirname(rows[0]?.folder ?? '')
  } finally {
    await client.end()
  }
}

async function isGone(folder: string): Promise<boolean> {
  for (let waited = 0; waited < 10_000; waited += 50) {
    if (!existsSync(folder)) return true
    await pause(50)
  }
  return false
}

describe('an embedded server', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'is gone with its data when its process gets %s',
    async (signal) => {
      const { child, url } = startKeeper()
      const folder = await dataFolder(await url)
      expect(existsSync(folder)).toBe(true)
      child.kill(signal)
      expect(await isGone(folder)).toBe(true)
      await expect(dataFolder(await url)).rejects.toThrow('ECONNREFUSED')
    },
  )

  test('is gone with its data after stop and after kill, settings were as asked', async () => {
    for (const end of ['stop', 'kill'] as const) {
      const server = await startServer({
        major: installedMajors().at(-1) ?? 0,
        settings: { work_mem: '7MB' },
      })
      const client = new pg.Client({ connectionString: server.url('postgres') })
      client.on('error', () => {})
      await client.connect()
      const { rows } = await client.query('SHOW work_mem')
      expect(rows).toEqual([{ work_mem: '7MB' }])
      const folder = await dataFolder(server.url('postgres'))
      await server[end]()
      expect(existsSync(folder)).toBe(false)
      await expect(dataFolder(server.url('postgres'))).rejects.toThrow('ECONNREFUSED')
    }
  })

  test('asks for its password', async () => {
    const server = await startServer({ major: installedMajors().at(-1) ?? 0 })
    try {
      const url = server.url('postgres').replace(server.password, 'wrong')
      await expect(dataFolder(url)).rejects.toThrow('password authentication failed')
    } finally {
      await server.stop()
    }
  })

  test('speaks TLS with the certificate given', async () => {
    const server = await startServer({
      major: installedMajors().at(-1) ?? 0,
      tls: { certificate, key },
    })
    try {
      const client = new pg.Client({
        connectionString: server.url('postgres'),
        ssl: { ca: certificate, checkServerIdentity: () => undefined },
      })
      await client.connect()
      const { rows } = await client.query(
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      )
      await client.end()
      expect(rows).toEqual([{ ssl: true }])
    } finally {
      await server.stop()
    }
  })

  test('a setting that the server refuses is told with its log', async () => {
    await expect(
      startServer({ major: installedMajors().at(-1) ?? 0, settings: { work_mem: 'much' } }),
    ).rejects.toThrow(/did not start[\s\S]*work_mem/)
  })

  test('a major that is not installed is told with those that are', async () => {
    await expect(startServer({ major: 9 })).rejects.toThrow(/PostgreSQL 9 is not installed.*18/)
  })

  test('starts from a checkout that only its owner may enter', async () => {
    const closed = mkdtempSync(join(tmpdir(), 'pg-airlock-closed-'))
    try {
      cpSync(join(build, 'scripts'), join(closed, 'scripts'), { recursive: true })
      const major = installedMajors().at(-1)
      const name = `postgres-${major}-${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
      const nodeModules = join(build, '../node_modules')
      cpSync(join(nodeModules, name), join(closed, 'node_modules', name), {
        recursive: true,
        verbatimSymlinks: true,
      })
      // npm skipped the package's install script.
      rmSync(join(closed, 'node_modules', name, 'native/lib/libicuuc.so.60'), { force: true })
      symlinkSync(join(nodeModules, 'pg'), join(closed, 'node_modules/pg'))
      chmodSync(closed, 0o700)
      const { child, url } = startKeeper(join(closed, 'scripts/embedded.js'))
      const folder = await dataFolder(await url)
      child.kill('SIGKILL')
      expect(await isGone(folder)).toBe(true)
    } finally {
      rmSync(closed, { recursive: true, force: true })
    }
  })
})
