import { codeFence } from '../escape.ts'
import { sizeText } from '../size-text.ts'
import { needsPerson } from '../tally.ts'
import type { BackupReport, CheckReport, Report, RestorePointReport } from '../types.ts'
import { grouped } from '../words.ts'
import { blocks, code, duration, fence, moment, place, prose, sign, words } from './block.ts'
import type { Detail } from './detail.ts'

/** The backup with its proofs, and the restore point: what there is to go back to. */
export function backup(report: Report, detail: Detail): string {
  return blocks(
    report.backup === null ? '' : backupBlock(report.backup, detail),
    report.restorePoint === null ? '' : restorePointBlock(report.restorePoint, detail),
  )
}

/** After a failure: what to hand to whoever restores. Nothing was changed by a refused run. */
export function recovery(report: Report, detail: Detail): string {
  if (!needsPerson(report) || report.outcome === 'refused') return ''
  const { backup, restorePoint } = report
  const point =
    restorePoint === null || restorePoint.lsn === null
      ? ''
      : blocks(
          `To the restore point made before the first change, at LSN ${code(restorePoint.lsn, detail)} (WAL ${words(restorePoint.archive, detail)}):`,
          codeFence(recoveryTarget(restorePoint)),
        )
  const file =
    backup?.path === undefined || backup.outcome === 'failed'
      ? ''
      : `From the backup ${code(backup.path, detail)}${backup.sha256 === undefined ? '' : `, SHA-256 ${code(backup.sha256, detail)}`}`
  return point === '' && file === '' ? '' : blocks('### Should a restore be needed', point, file)
}

/** As postgresql.conf takes it. */
function recoveryTarget({ name }: RestorePointReport): string {
  return `recovery_target_name = '${name.replaceAll("'", "''")}'`
}

function backupBlock(one: BackupReport, detail: Detail): string {
  if (one.kind === 'none') {
    const reason = prose(one.reason ?? 'airlock.yml asks for none', detail)
    return blocks('### Backup', `${sign(one.outcome)} **not checked**: none was made: ${reason}`)
  }
  const facts = [
    ...(one.path === undefined ? [] : [code(one.path, detail)]),
    ...(one.bytes === undefined ? [] : [`${sizeText(one.bytes)} (${grouped(one.bytes)} bytes)`]),
    made[one.kind],
    ...(one.startedAt === undefined ? [] : [`begun ${words(moment(one.startedAt), detail)}`]),
    `took ${duration(one.durationMs)}`,
  ]
  const lines = [
    `- ${sign(one.outcome)} ${facts.join(' · ')}`,
    ...(one.reason === undefined ? [] : [`- ${prose(one.reason, detail)}`]),
    ...(one.sha256 === undefined ? [] : [`- SHA-256 ${code(one.sha256, detail)}`]),
    ...one.checks.slice(0, detail.rows).map((check) => proof(check, detail)),
  ]
  const details = one.checks.flatMap((check) => check.details ?? [])
  return blocks(
    '### Backup',
    lines.join('\n'),
    details.length === 0 ? '' : fence(details.join('\n'), 'text', detail),
  )
}

const made: Record<Exclude<BackupReport['kind'], 'none'>, string> = {
  pg_dump: 'made now by pg_dump',
  command: 'made now by the command in airlock.yml',
  proof: 'made elsewhere, proven here',
}

function proof(check: CheckReport, detail: Detail): string {
  const title = words(check.title, detail)
  const found = code(check.actual, detail)
  if (check.outcome === 'passed') return `- ✅ ${title}: ${found}`
  const open = check.outcome === 'not-checked' ? ': **not checked**' : ''
  const parts = [
    `- ${sign(check.outcome)} **${title}**${open === '' ? `: expected ${code(check.expected, detail)}, found ${found}` : open}`,
    prose(check.reason ?? '', detail),
    check.fix === undefined ? '' : `**What to do:** ${prose(check.fix, detail)}`,
    place(check.where),
  ]
  return parts.filter((part) => part !== '').join('<br>')
}

function restorePointBlock(one: RestorePointReport, detail: Detail): string {
  const facts = [
    ...(one.lsn === null ? ['**not made**'] : [`LSN ${code(one.lsn, detail)}`]),
    ...(one.walFile === undefined ? [] : [`WAL file ${code(one.walFile, detail)}`]),
    `WAL archive: ${words(one.archive, detail)}`,
    ...(one.createdAt === undefined ? [] : [words(moment(one.createdAt), detail)]),
  ]
  const head = one.outcome === 'not-checked' ? '**not checked** ' : ''
  return blocks(
    '### Restore point',
    [
      `- ${sign(one.outcome)} ${head}${code(one.name, detail)} · ${facts.join(' · ')}`,
      ...(one.reason === undefined ? [] : [`- ${prose(one.reason, detail)}`]),
    ].join('\n'),
  )
}
