const units = ['kB', 'MB', 'GB', 'TB'] as const

/** Bytes as a person says them: `812 B`, `1.5 MB`, `20 GB`. Powers of 1024, as pg_size_pretty() counts. */
export function sizeText(bytes: number): string {
  const rounded = Math.max(0, Math.round(bytes))
  if (rounded < 1024) return `${rounded} B`
  let value = rounded / 1024
  let place = 0
  while (value >= 1023.5 && place < units.length - 1) {
    value /= 1024
    place++
  }
  const text = value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value))
  return `${text} ${units[place]}`
}
