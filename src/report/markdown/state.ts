import { migrationsThat } from '../tally.ts'
import type { MigrationReport, Report } from '../types.ts'
import { counted } from '../words.ts'
import { blocks, code } from './block.ts'
import type { Detail } from './detail.ts'

/** More versions than this are counted. */
const named = 10

/** After an ending other than asked: what the database holds now. */
export function state(report: Report, detail: Detail): string {
  const bad = report.command === 'deploy' || report.command === 'rollback'
  if (!bad || report.exitCode === 0 || report.outcome === 'refused') return ''
  const lines = [
    line('Applied in this run and staying', migrationsThat(report, 'applied'), detail),
    line('Applied before and untouched', migrationsThat(report, 'already-applied'), detail),
    line('Rolled back', migrationsThat(report, 'rolled-back'), detail),
    line('Failed', migrationsThat(report, 'failed'), detail),
    line('Not run', migrationsThat(report, 'not-run'), detail),
  ].filter((text) => text !== '')
  return lines.length === 0 ? '' : blocks('### The database now', lines.join('\n'))
}

function line(title: string, migrations: readonly MigrationReport[], detail: Detail): string {
  if (migrations.length === 0) return ''
  const versions = migrations.slice(0, named).map((one) => code(one.version, detail))
  const more =
    migrations.length > named ? ` … ${counted(migrations.length, 'migration')} in all` : ''
  return `- ${title}: ${versions.join(', ')}${more}`
}
