import { visibleLine, visibleLines } from './visible.ts'

/**
 * Any text as plain words of GitHub-flavoured Markdown, in one line: nothing in it is markup, a link, an image, HTML,
 * a mention, an issue reference or a formula. Safe in a paragraph, a list item and a table cell.
 */
export function escapeText(text: string): string {
  return visibleLine(text).replace(meaningful, neutral)
}

/** A sentence of ours that may quote code between backticks; all that it quotes is escaped. */
export function escapeProse(text: string): string {
  return text
    .split(/`([^`]+)`/)
    .map((part, index) => (index % 2 === 1 ? codeSpan(part) : escapeText(part)))
    .join('')
}

/** In one pass, so that nothing is escaped twice: a line's first sign, a numbered list, links, then single characters. */
const meaningful = /^\s*[#+=-]|^\s*\d+[.)](?=\s|$)|:\/\/|\bwww\.|[\\*_[\]~&<>|`@$]|#(?=\d)/gi

function neutral(found: string, offset: number, whole: string): string {
  const last = found.slice(-1)
  if (found === '$') return '<span>$</span>'
  if (found === '@') return '@&#8203;'
  if (last === '#') {
    const reference = /\d/.test(whole.charAt(offset + found.length))
    return `${found.slice(0, -1)}\\#${reference ? '&#8203;' : ''}`
  }
  if (found === '://') return '\\://'
  if (found.length === 1 && '&<>|`'.includes(found)) return entity(found)
  return `${found.slice(0, -1)}\\${last}`
}

/**
 * Any text as inline code, in one line; safe in a table cell. A pipe inside backticks would still part two cells when a
 * backslash stands before it, so such a text goes into a code element spelt with character references.
 */
export function codeSpan(text: string): string {
  const line = visibleLine(text)
  if (line === '') return '<code> </code>'
  if (/\||^\s|\s$|^`+$/.test(line)) return codeElement(line)
  const ticks = '`'.repeat(longestRun(line) + 1)
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${ticks}${pad}${line}${pad}${ticks}`
}

/** Any text as a code element spelt with character references: where Markdown is not read, as in the title of a fold. */
export function codeElement(text: string): string {
  return `<code>${visibleLine(text).replace(/[^\p{L}\p{N} ]/gu, entity)}</code>`
}

/** The address as a link where it is a plain https one, else as inline code: a link may hide where it leads. */
export function linkTo(url: string): string {
  return /^https:\/\/[a-z\d.-]+(:\d+)?\/[\w./-]*$/i.test(url) ? `<${url}>` : codeSpan(url)
}

/** A block of code between fences longer than any run of backticks inside. `language` is ours, never data. */
export function codeFence(text: string, language = ''): string {
  const body = visibleLines(text)
  const fence = '`'.repeat(Math.max(3, longestRun(body) + 1))
  return `${fence}${language}\n${body}\n${fence}`
}

/**
 * Any text as lines for a console: control characters (ANSI among them) are shown instead of obeyed, and no line can be
 * read as a command by GitHub's runner, which takes `::name::` after leading blanks and `##[name]` anywhere in a line
 * (actions/runner, ActionCommand.cs).
 */
export function consoleLines(text: string): string[] {
  return visibleLines(text)
    .split('\n')
    .map((line) => line.replace(/^(\s*):(?=:)/, '$1: ').replaceAll('##[', '## ['))
}

/** As `consoleLines`, joined to one line. */
export function consoleLine(text: string): string {
  return consoleLines(visibleLine(text)).join('')
}

function entity(character: string): string {
  return `&#${character.codePointAt(0)};`
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0)
}
