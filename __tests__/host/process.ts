import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a script that uses the built host modules printed, and how it ended. */
export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

/** Runs a module text in a process of its own, with only this environment; `@host/` is the folder of the host modules. */
export function runScript(
  script: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { child, ended } = startScript(script, env)
  child.stdin.end()
  return ended
}

/** Starts a module text in a process of its own; extra arguments are seen by `ps`. */
export function startScript(
  script: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
) {
  const host = new URL('../../src/host/', import.meta.url).href
  const text = script.replaceAll('@host/', host)
  const child = spawn(process.execPath, ['--input-type=module', '--eval', text, '--', ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    cwd: fileURLToPath(new URL('.', host)),
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ stdout, stderr, code }))
  })
  /** Resolves when the text has been printed. */
  const printed = (awaited: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stdout.includes(awaited)) resolve()
      }
      child.stdout.on('data', look)
      child.on('close', () => reject(new Error(`ended without "${awaited}": ${stdout}${stderr}`)))
      look()
    })
  return { child, ended, printed }
}
