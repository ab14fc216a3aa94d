/** In parentheses, unless one pair already spans the whole. */
export function inParentheses(expression: string): string {
  return spansWhole(expression) ? expression : `(${expression})`
}

function spansWhole(expression: string): boolean {
  if (!expression.startsWith('(')) return false
  let depth = 0
  let quote: string | null = null
  for (const [index, character] of [...expression].entries()) {
    if (quote !== null) {
      if (character === quote) quote = null
    } else if (character === "'" || character === '"') quote = character
    else if (character === '(') depth += 1
    else if (character === ')') depth -= 1
    if (depth === 0 && quote === null) return index === [...expression].length - 1
  }
  return false
}
