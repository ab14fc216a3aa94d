import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { TestDatabase } from '../support/database.ts'
import { shopScripts } from './load-shop.ts'

export const hasPsql = spawnSync('psql', ['--version']).status === 0

/** As the runbook did it, one file after the other; given up when `withinMs` is over. Resolves to 'done', or what went wrong. */
export async function psqlFiles(
  database: TestDatabase,
  folder: string,
  withinMs: number,
): Promise<string> {
  const deadline = Date.now() + withinMs
  for (const name of Object.keys(shopScripts)) {
    const args = ['--no-psqlrc', '--quiet', '-v', 'ON_ERROR_STOP=1']
    const child = spawn(
      'psql',
      [...args, '-f', join(folder, 'migrations', `${name}.sql`), database.url],
      { env: { PATH: process.env.PATH ?? '' }, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    const ending = await endOf(child, deadline - Date.now())
    if (ending !== '') return `${name}: ${ending}`
  }
  return 'done'
}

function endOf(child: ChildProcess, ms: number): Promise<string> {
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const timer = setTimeout(() => child.kill(), ms)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve(code === 0 ? '' : `${signal ?? code} ${errors}`)
    })
  })
}
