/**
 * Characters that change how a text reads without being seen: controls (ANSI's ESC among them), bidirectional
 * overrides, zero-width and other default-ignorable characters, half surrogate pairs, line and paragraph separators. Variation selectors
 * are left alone: emoji need them and they hide nothing.
 */
const hidden = /[\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/**
 * The text with hidden characters made visible: controls as their picture (`␛`), others as `⟨U+202E⟩`.
 * Line breaks become `\n`, tabs stay: for places where a text may run over several lines.
 */
export function visibleLines(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(hidden, showUnlessBlank)
}

/** As `visibleLines`, but in one line: a line break shows as `↵`, a tab as `⇥`. */
export function visibleLine(text: string): string {
  return visibleLines(text).replaceAll('\n', '↵').replaceAll('\t', '⇥')
}

/** Shortened to at most `limit` characters (code points), the cut shown by an ellipsis. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text
  const characters = [...text]
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join('')}…`
}

function showUnlessBlank(character: string): string {
  if (character === '\n' || character === '\t') return character
  return show(character)
}

function show(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code >= 0xfe00 && code <= 0xfe0f) return character
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  if (code === 0x7f) return '␡'
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
}
