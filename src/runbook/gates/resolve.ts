import type { AirlockFile, FileSection, FileSections } from '../airlock-file.ts'
import { mapValues } from '../airlock-shape.ts'
import { pathText } from '../airlock-words.ts'
import { fillIn } from '../environment-text.ts'
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
  /** A command is not asked for secrets that it has no use for; default `deploy`, which uses all. */
  readonly command?: CommandName
}

export interface ResolvedGates {
  readonly gates: Gates
  /** Whatever was filled in and must never be printed. */
  readonly secrets: readonly string[]
}

/** Whose secrets a command needs; what it doesn't use keeps its `${NAME}` as written. */
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
    data[name] = isUsed ? filled(name, section, env, secrets) : section.data
  }
  return { gates: parseGates(data), secrets: [...new Set(secrets)] }
}

function filled(
  name: SectionName,
  section: FileSection,
  env: GateSources['env'],
  secrets: string[],
): unknown {
  return mapValues(sections[name], section.data, (value, meta, steps) => {
    if (typeof value !== 'string' || meta.secret !== true) return value
    const context = { name: pathText([name, ...steps]), ...section.placeOf(steps) }
    const { text, values } = fillIn(value, env, context)
    const kind = meta.value === 'connection' ? 'connection' : 'text'
    if (values.length > 0) secrets.push(...secretsOfFilled(text, values, kind))
    return text
  })
}
