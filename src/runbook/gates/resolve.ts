import type { AirlockFile, FileSection, FileSections } from '../airlock-file.ts'
import { mapValues } from '../airlock-shape.ts'
import { isRecord, pathText } from '../airlock-words.ts'
import { fillIn, missingVariables, refersToEnvironment } from '../environment-text.ts'
import { secretsOfFilled } from '../secrets.ts'
import type { CommandName } from '../settings-table.ts'
import type { Gates, SectionName } from './sections.ts'
import { parseGates, SECTION_NAMES, sections } from './sections.ts'

export interface GateSources {
  /** Null where there is no runbook file. */
  readonly airlock: AirlockFile | null
  /** The chosen target; undefined: the file's own sections alone. */
  readonly target: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** User, database and hosts of the target, which are never masked: see `passwordForms`. */
  readonly names?: readonly string[]
  /** A command is not asked for secrets that it has no use for; default `deploy`, which uses all. */
  readonly command?: CommandName
}

export interface ResolvedGates {
  readonly gates: Gates
  /** Whatever was filled in, or is named in a command, and must never be printed. */
  readonly secrets: readonly string[]
}

/** Whose secrets a command needs; elsewhere a variable that is missing leaves `${NAME}` as written. */
const FILLED: Readonly<Record<CommandName, readonly SectionName[]>> = {
  plan: ['preflight'],
  deploy: SECTION_NAMES,
  verify: [],
  rollback: [],
}

/**
 * The sections of airlock.yml as a run uses them: those of the chosen target in place of the file's, `${NAME}` filled in where a secret
 * belongs, durations in milliseconds, sizes in bytes, defaults in place.
 *
 * @throws Refusal at its place for an environment variable that is missing
 */
export function resolveGates({
  airlock,
  target,
  env,
  names = [],
  command = 'deploy',
}: GateSources): ResolvedGates {
  const chosen: FileSections = {
    ...airlock?.sections,
    ...(target === undefined ? {} : airlock?.targetSections.get(target)),
  }
  const secrets: string[] = []
  const data: Partial<Record<SectionName, unknown>> = {}
  for (const name of SECTION_NAMES) {
    const section = chosen[name]
    if (section === undefined) continue
    const isUsed = FILLED[command].includes(name)
    const whole = filled(name, section, env, secrets, isUsed)
    data[name] = name === 'smoke' && !isUsed ? onlyFilledChecks(whole) : whole
  }
  return {
    gates: parseGates(data),
    secrets: [...new Set(secrets)].filter((secret) => !names.includes(secret)),
  }
}

function filled(
  name: SectionName,
  section: FileSection,
  env: GateSources['env'],
  secrets: string[],
  isUsed: boolean,
): unknown {
  return mapValues(sections[name], section.data, (value, meta, steps) => {
    if (typeof value !== 'string') return value
    if (meta.literal === true) secrets.push(...secretsNamedIn(value, env))
    if (meta.secret !== true) return value
    if (!isUsed && missingVariables(value, env).length > 0) return value
    const context = { name: pathText([name, ...steps]), ...section.placeOf(steps) }
    const { text, values } = fillIn(value, env, context)
    const kind = meta.value === 'connection' ? 'connection' : 'text'
    if (values.length > 0) secrets.push(...secretsOfFilled(text, values, kind))
    return text
  })
}

/** How the variables are called that hold what must not be seen. */
const SECRET_NAME = /token|secret|passw|key|credential|auth|dsn|_url$/i

/** Nothing is filled in where `$` belongs to a shell, but what it will read there can come back in its output. */
function secretsNamedIn(text: string, env: GateSources['env']): readonly string[] {
  return [...text.matchAll(/\$(?:\{([A-Za-z_]\w*)|([A-Za-z_]\w*))/g)].flatMap(
    ([, inBraces, plain = '']) => {
      const name = inBraces ?? plain
      const value = Object.hasOwn(env, name) ? (env[name]?.trim() ?? '') : ''
      return SECRET_NAME.test(name) ? secretsOfFilled(value, [value], 'text') : []
    },
  )
}

/** Whoever only reads the smoke tests (`plan`) gets those that are whole: a URL without its host is none. Undefined: none is. */
function onlyFilledChecks(smoke: unknown): unknown {
  if (!isRecord(smoke) || !Array.isArray(smoke.checks)) return smoke
  const checks = smoke.checks.filter((check: unknown) => {
    const { url, headers, body } = recordOf(recordOf(check).http)
    const secret = [url, body, ...Object.values(recordOf(headers))]
    return !secret.some((text) => typeof text === 'string' && refersToEnvironment(text))
  })
  return checks.length === 0 ? undefined : { ...smoke, checks }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}
