/** `1 migration`, `6 migrations`: English counting for sentences. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${grouped(count)} ${count === 1 ? singular : plural}`
}

/** A whole number with its digits in groups of three: `1,204`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(parts: readonly string[]): string {
  if (parts.length < 2) return parts[0] ?? ''
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

/** The sentence with its first letter in upper case and a full stop at its end. A path, setting or name at its beginning stays as it is. */
export function sentence(text: string): string {
  const begun = /^[a-z]+(?=[\s,;:]|$)/.test(text)
    ? text.charAt(0).toUpperCase() + text.slice(1)
    : text
  return /[.!?:]$/.test(begun) ? begun : `${begun}.`
}
