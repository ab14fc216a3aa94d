/** Months and days stay apart from the time: a month has no fixed number of days. */
const MONTHS: Readonly<Record<string, number>> = { month: 1, mon: 1, year: 12, decade: 120 }
const DAYS: Readonly<Record<string, number>> = { day: 1, week: 7 }
const SECONDS: Readonly<Record<string, number>> = {
  hour: 3600,
  hr: 3600,
  minute: 60,
  min: 60,
  second: 1,
  sec: 1,
}

/**
 * An interval of whole units ('2 weeks', '90 min', '1 day 02:00') as IntervalStyle postgres prints it; null for what isn't understood
 * (fractions, signs, ISO 8601), which then only equals itself.
 */
export function intervalText(text: string): string | null {
  const total = { months: 0, days: 0, seconds: 0 }
  let rest = text.toLowerCase().trim()
  while (rest !== '') {
    const unit = /^(\d{1,9})\s*([a-z]+)\s*/.exec(rest)
    const clock = /^(\d{1,6}):(\d\d)(?::(\d\d))?(?:\s+|$)/.exec(rest)
    const found = unit ?? clock
    if (found === null) return null
    if (clock !== null) {
      total.seconds += Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0)
    } else if (!addUnit(total, Number(unit?.[1]), unit?.[2] ?? '')) {
      return null
    }
    rest = rest.slice(found[0].length)
  }
  return text.trim() === '' ? null : printInterval(total)
}

interface Total {
  months: number
  days: number
  seconds: number
}

function addUnit(total: Total, count: number, word: string): boolean {
  const unit = word.replace(/s$/, '')
  total.months += count * (MONTHS[unit] ?? 0)
  total.days += count * (DAYS[unit] ?? 0)
  total.seconds += count * (SECONDS[unit] ?? 0)
  return unit in MONTHS || unit in DAYS || unit in SECONDS
}

function printInterval({ months, days, seconds }: Total): string {
  const years = Math.floor(months / 12)
  const words = [counted(years, 'year'), counted(months % 12, 'mon'), counted(days, 'day')]
  const two = (value: number) => String(value).padStart(2, '0')
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two)
  const present = words.filter((word) => word !== '')
  if (seconds > 0 || present.length === 0) present.push(clock.join(':'))
  return present.join(' ')
}

function counted(count: number, unit: string): string {
  return count === 0 ? '' : `${count} ${unit}${count === 1 ? '' : 's'}`
}
