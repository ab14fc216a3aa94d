import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Report } from '../../src/report/types.ts'

/** The checked-out project: tests run from build/, with the project as working directory. */
export const project = process.cwd()

export interface ProgramOptions {
  /** Working directory; default the project, whose migrations are the example's. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with the process as soon as it runs. */
  readonly started?: (child: ChildProcess) => void
}

export interface ProgramResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface ActionResult extends ProgramResult {
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  readonly report: Report
}

/** Nothing of the surrounding CI or shell may reach the program under test. */
function cleanEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG']
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** Runs the built command line as a person does. */
export function runCli(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  return run([join(project, 'dist', 'cli.js'), ...args], options.env ?? {}, options)
}

/** Runs the built action as the runner does: inputs as INPUT_*, files for outputs and summary, report in RUNNER_TEMP. */
export async function runAction(
  inputs: Readonly<Record<string, string>>,
  options: ProgramOptions = {},
): Promise<ActionResult> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-action-'))
  const files = { output: join(folder, 'output'), summary: join(folder, 'summary') }
  for (const file of Object.values(files)) writeFileSync(file, '')
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_OUTPUT: files.output,
    GITHUB_STEP_SUMMARY: files.summary,
    GITHUB_ACTOR: 'octocat',
    GITHUB_REPOSITORY: 'bakery/recipes',
    GITHUB_SHA: '0123456789abcdef0123456789abcdef01234567',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_RUN_ID: '42',
    GITHUB_WORKSPACE: options.cwd ?? project,
    RUNNER_TEMP: folder,
    ...Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
    ),
    ...options.env,
  }
  try {
    const result = await run([join(project, 'dist', 'main.js')], env, options)
    const outputs = parseOutputs(readFileSync(files.output, 'utf8'))
    const path = outputs.report ?? ''
    return {
      ...result,
      outputs,
      summary: readFileSync(files.summary, 'utf8'),
      report: existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : ({} as Report),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: ProgramOptions,
): Promise<ProgramResult> {
  return new Promise((settle, fail) => {
    const child = spawn(process.execPath, args, {
      cwd: resolve(options.cwd ?? project),
      env: { ...cleanEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', fail)
    child.on('close', (code, signal) => settle({ code, signal, stdout, stderr }))
    options.started?.(child)
  })
}

/** GITHUB_OUTPUT as the runner reads it: `name=value` lines and heredocs. */
function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {}
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    const heredoc = /^(.+?)<<(.+)$/.exec(line)
    if (heredoc !== null) {
      const value: string[] = []
      while (lines[++index] !== heredoc[2] && index < lines.length) value.push(lines[index] ?? '')
      outputs[heredoc[1] ?? ''] = value.join('\n')
    } else if (line.includes('=')) {
      outputs[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1)
    }
  }
  return outputs
}
