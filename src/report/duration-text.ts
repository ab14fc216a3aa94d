const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** A duration in milliseconds as a person says it: `23 ms`, `1.2 s`, `3 min 5 s`, `2 h 4 min`, `1 d 3 h`. */
export function durationText(ms: number): string {
  const rounded = Math.max(0, Math.round(ms))
  if (rounded < second) return `${rounded} ms`
  const tenths = Math.round(rounded / 100)
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`
  const seconds = Math.round(rounded / second)
  if (seconds * second < hour) return pair(seconds, 60, 'min', 's')
  const minutes = Math.round(rounded / minute)
  if (minutes * minute < day) return pair(minutes, 60, 'h', 'min')
  return pair(Math.round(rounded / hour), 24, 'd', 'h')
}

function pair(total: number, base: number, big: string, small: string): string {
  const rest = total % base
  const whole = `${Math.floor(total / base)} ${big}`
  return rest === 0 ? whole : `${whole} ${rest} ${small}`
}
