import type { MigrationOutcome, MigrationReport, Report, RowEffect } from '../types.ts'
import { grouped } from '../words.ts'
import {
  blocks,
  type Column,
  code,
  duration,
  folded,
  leftOut,
  prose,
  table,
  words,
} from './block.ts'
import type { Detail } from './detail.ts'

/** More migrations than this are folded, and only the remarkable ones stay in view. */
const inView = 25

const signs: Record<MigrationOutcome, string> = {
  applied: '✅',
  'already-applied': '➖',
  pending: '➖',
  disabled: '➖',
  waiting: '➖',
  failed: '❌',
  'rolled-back': '➖',
  'not-run': '➖',
}

/** The table of migrations: how each ended, how long it took beside what was expected, what it touched. */
export function migrations(report: Report, detail: Detail): string {
  const all = report.migrations
  if (all.length === 0) {
    return report.error === null ? blocks('### Migrations', 'There are no migrations.') : ''
  }
  if (all.length <= inView)
    return blocks('### Migrations', migrationTable(all, report.next, detail))
  const remarkable = all.filter(
    (one) => one.outcome === 'failed' || one.outcome === 'rolled-back' || one.reason !== undefined,
  )
  return blocks(
    '### Migrations',
    counts(all),
    migrationTable(remarkable, report.next, detail),
    folded(
      `All ${grouped(all.length)} migrations`,
      detail.name === 'counts' ? '' : migrationTable(all, report.next, detail),
    ),
  )
}

function migrationTable(
  all: readonly MigrationReport[],
  next: readonly string[],
  detail: Detail,
): string {
  const used = columns.filter((column) => all.some((one) => column.cell(one, detail) !== ''))
  const rows = all.map((one) => used.map((column) => column.cell(one, detail)))
  return blocks(table(used, rows, detail), reasons(all, next, detail))
}

interface MigrationColumn extends Column {
  cell(migration: MigrationReport, detail: Detail): string
}

/** Those without a word in them are left out of the table. */
const columns: readonly MigrationColumn[] = [
  {
    title: 'Outcome',
    cell: (one) => `${signOf(one)}&nbsp;${one.outcome.replaceAll('-', '&#8209;')}`,
  },
  {
    title: 'Migration',
    cell: (one, detail) => `${code(one.version, detail)}<br>${code(one.name, detail)}`,
  },
  { title: 'Took (expected)', right: true, cell: took },
  { title: 'Lock impact', cell: (one, detail) => words(one.lockImpact ?? '', detail) },
  { title: 'Steps', right: true, cell: steps },
  { title: 'Rows', cell: rowsOf },
]

/** Why a migration was left out, waits or failed: below the table, where a sentence has room; not what was told as next already. */
function reasons(all: readonly MigrationReport[], next: readonly string[], detail: Detail): string {
  const said = all.filter(
    ({ reason }) => reason !== undefined && !next.some((line) => line.includes(reason)),
  )
  const lines = said
    .slice(0, detail.rows)
    .map((one) => `- ${code(one.version, detail)}: ${prose(one.reason ?? '', detail)}`)
  return blocks(lines.join('\n'), leftOut(said.length - lines.length, 'reason'))
}

/** A migration that was rolled back because it failed shows that it failed. */
function signOf(migration: MigrationReport): string {
  const failed = migration.steps.some((step) => step.outcome === 'failed')
  return failed ? signs.failed : signs[migration.outcome]
}

function took(migration: MigrationReport, detail: Detail): string {
  const ran = ['applied', 'failed', 'rolled-back'].includes(migration.outcome)
  const expected = migration.expectDuration
  return [
    ...(ran ? [duration(migration.durationMs)] : []),
    ...(expected === undefined ? [] : [`(${words(expected, detail)})`]),
  ].join('<br>')
}

function steps(migration: MigrationReport): string {
  const total = migration.steps.length
  if (total === 0) return ''
  const done = migration.steps.filter((step) => step.outcome === 'done').length
  const partial =
    done < total && (migration.outcome === 'failed' || migration.outcome === 'applied')
  return partial ? `${done} of ${total}` : String(total)
}

/** `1,204 updated`, `≤ 3 deleted`, summed over the tables. */
function rowsOf(migration: MigrationReport): string {
  const effects = migration.rowEffects
  const sum = (pick: (effect: RowEffect) => number) =>
    effects.reduce((total, effect) => total + pick(effect), 0)
  const atMost = effects.some((effect) => effect.certainty === 'at-most') ? '≤ ' : ''
  const parts = [
    [sum((effect) => effect.inserted), 'inserted'],
    [sum((effect) => effect.updated), 'updated'],
    [sum((effect) => effect.deleted), 'deleted'],
    [sum((effect) => effect.removed?.rows ?? 0), 'removed'],
  ] as const
  const said = parts
    .filter(([rows]) => rows > 0)
    .map(([rows, word]) => `${atMost}${grouped(rows)}&nbsp;${word}`)
  if (effects.some((effect) => effect.certainty === 'not-checked')) said.push('not all checked')
  return said.join('<br>')
}

function counts(all: readonly MigrationReport[]): string {
  const order: readonly MigrationOutcome[] = [
    'applied',
    'failed',
    'rolled-back',
    'pending',
    'not-run',
    'waiting',
    'disabled',
    'already-applied',
  ]
  return order
    .map((outcome) => [all.filter((one) => one.outcome === outcome).length, outcome] as const)
    .filter(([count]) => count > 0)
    .map(([count, outcome]) => `${signs[outcome]} ${grouped(count)} ${outcome}`)
    .join(' · ')
}
