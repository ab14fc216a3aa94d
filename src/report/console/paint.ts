/** How a console wants its lines: `width` in columns limits live lines only; lines of the story are never cut. */
export interface Style {
  readonly color: boolean
  readonly width: number
}

type Ink = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

const codes: Record<Ink, readonly [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
}

/** The text in an ink (ANSI SGR), or as it is where the console wants no colour. `text` is already safe for a console. */
export function paint(text: string, ink: Ink, style: Style): string {
  const [on, off] = codes[ink]
  return style.color && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text
}

/** Characters that take two columns on a terminal. */
const wide =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\uff01-\uff60]/u

/** One line of at most `width` columns, cut with an ellipsis: a live line that wrapped could not be overwritten. */
export function fitted(text: string, width: number): string {
  const characters = [...text]
  const columns = (character: string) => (wide.test(character) ? 2 : 1)
  if (characters.reduce((sum, one) => sum + columns(one), 0) <= width) return text
  let left = width - 1
  let kept = ''
  for (const character of characters) {
    left -= columns(character)
    if (left < 0) break
    kept += character
  }
  return `${kept}…`
}
