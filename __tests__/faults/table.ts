import type { FaultName } from './faults.ts'
import { type Outcome, outcomes } from './judge.ts'

/** One combination that was tried. */
export interface Tried {
  readonly fault: FaultName
  readonly point: string
  readonly outcome: Outcome
  readonly notes: readonly string[]
  readonly ms: number
}

const titles: Readonly<Record<Outcome, string>> = {
  'by itself': 'recovered by itself',
  'by the next run': 'by the next run',
  'by a person': 'needed a person, said so',
  'lost or doubled': 'lost or doubled',
  hung: 'hung',
}

/** Faults down, outcomes across, the sum below. */
export function tableOf(tried: readonly Tried[]): string {
  const faults = [...new Set(tried.map(({ fault }) => fault))]
  const count = (which: (one: Tried) => boolean) => tried.filter(which).length
  const line = (name: string, which: (one: Tried) => boolean) => [
    name,
    String(count(which)),
    ...outcomes.map((outcome) => String(count((one) => which(one) && one.outcome === outcome))),
  ]
  const lines = [
    ['fault', 'injected', ...outcomes.map((outcome) => titles[outcome])],
    ...faults.map((name) => line(name, ({ fault }) => fault === name)),
    line('all', () => true),
  ]
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  )
  return lines
    .map((cells) =>
      cells
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n')
}
