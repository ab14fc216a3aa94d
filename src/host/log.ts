import { isRunner } from './environment.ts'

/** Where the story of a run is printed. Text may come from a database: no line can command the runner or the terminal. */
export interface Log {
  readonly style: { readonly color: boolean; readonly live: boolean; readonly columns: number }
  /** Prints lines; a text with line ends in it is several. */
  line(text: string): void
  /** Opens a fold under the runner, prints the title elsewhere. Groups don't nest: an open one is ended. */
  group(title: string): void
  endGroup(): void
  /** Shows a line that the next one replaces. Only on a terminal; elsewhere nothing. */
  live(text: string): void
}

/** The standard output, or standard error, or what stands for them in a test. */
export interface LogStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
  on?(event: 'error', listener: (error: Error) => void): unknown
}

type Env = Readonly<Record<string, string | undefined>>

/** A log on a stream; under the runner with its groups, on a terminal with colours and a live line. */
export function openLog(stream: LogStream = process.stdout, env: Env = process.env): Log {
  const runner = isRunner(env)
  const isTerminal = stream.isTTY === true && !runner
  const isDumb = env.TERM === 'dumb'
  const color = wantsColor(env, (isTerminal && !isDumb) || runner)
  // A reader that goes away (`| head`) must not end a deployment half way; the report is written all the same.
  stream.on?.('error', () => {})
  let isLive = false
  let isGrouped = false
  const clear = (): void => {
    if (isLive) stream.write('\r\u001b[2K')
    isLive = false
  }
  const print = (text: string): void => {
    clear()
    for (const line of text.split(/\r\n|\n|\r/)) stream.write(`${harmless(line, color)}\n`)
  }
  const close = (): void => {
    if (!isGrouped) return
    isGrouped = false
    stream.write('::endgroup::\n')
  }
  return {
    style: { color, live: isTerminal && !isDumb, columns: stream.columns ?? 100 },
    line: print,
    group(title) {
      if (!runner) return print(title)
      close()
      isGrouped = true
      const name = harmless(title.replace(/\s+/g, ' ')).replaceAll('%', '%25')
      stream.write(`::group::${name}\n`)
    },
    endGroup: close,
    live(text) {
      if (!isTerminal || isDumb) return
      clear()
      const fitting = [...harmless(text.replace(/\s+/g, ' '), false)].slice(
        0,
        (stream.columns ?? 80) - 1,
      )
      stream.write(fitting.join(''))
      isLive = true
    },
  }
}

/** https://no-color.org: set and not empty switches colours off, whatever the terminal can do; FORCE_COLOR on. */
function wantsColor(env: Env, isAble: boolean): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0'
  return isAble
}

/**
 * A line that is only text. The runner takes a line as a command when it starts with `::` after white space, and
 * wherever `##[` stands in it (ActionCommand.cs; both by a comparison that may look through invisible characters). So a
 * visible sign breaks them. Control characters, which could move a terminal's cursor or hide text, are shown as \x1b;
 * colours may stay.
 */
export function harmless(line: string, colors = false): string {
  const shown = line.replace(CONTROL, (found) =>
    colors && found.length > 1 ? found : [...found].map(spelled).join(''),
  )
  return shown.replace(OLD_COMMAND, '# $1').replace(NEW_COMMAND, '$1: :')
}

/** Characters that are not seen; between those of a command they may count as nothing. */
const UNSEEN = '[\\s\\p{Cf}\\p{Mn}\\p{Me}]'
const COLORED = '\\u001b\\[[\\d;]*m'
const NEW_COMMAND = new RegExp(`^((?:${UNSEEN}|${COLORED})*):(?:${UNSEEN}|${COLORED})*:`, 'u')
/** `##[…` of the runner, `##vso[…` of Azure, `##teamcity[…`: of no use to anybody in a database's text. */
const OLD_COMMAND = new RegExp(
  `#((?:${UNSEEN}|${COLORED})*#(?:${UNSEEN}|${COLORED}|\\w)*\\[)`,
  'gu',
)
/** A colour as a whole, else one control character (tab is none); direction overrides, which turn text around, too. */
const CONTROL = new RegExp(
  `${COLORED}|[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069]`,
  'gu',
)

function spelled(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code >= 0x20 && code < 0x7f) return character
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}
