const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** A size in bytes as a person says it, in powers of 1024 as Postgres's own settings: `512 B`, `1.2 GB`, `41 MB`. */
export function sizeText(bytes: number): string {
  let value = Math.max(0, bytes)
  let unit = 0
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
