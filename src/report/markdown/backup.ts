import { sizeText } from '../size-text.ts'
import type { BackupReport, CheckReport, Report, RestorePointReport } from '../types.ts'
import { grouped } from '../words.ts'
import { blocks, code, duration, evidenceOf, moment, place, prose, sign, words } from './block.ts'
import type { Detail } from './detail.ts'

/** The backup with its proofs, and the restore point: what there is to go back to. */
export function backup(report: Report, detail: Detail): string {
  return blocks(
    report.backup === null ? '' : backupBlock(report.backup, report.checks, detail),
    report.restorePoint === null ? '' : restorePointBlock(report.restorePoint, detail),
  )
}

function backupBlock(one: BackupReport, gates: readonly CheckReport[], detail: Detail): string {
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
    ...one.checks.slice(0, detail.rows).map((check) => proof(check, told(check, gates), detail)),
  ]
  const untold = one.checks.filter((check) => !told(check, gates))
  return blocks(
    '### Backup',
    lines.join('\n'),
    ...untold.slice(0, detail.rows).map((check) => evidenceOf(check, detail)),
  )
}

/** A proof that failed keeps a gate shut: its reason, cure and evidence stand in the table of checks. */
function told({ id, title }: CheckReport, gates: readonly CheckReport[]): boolean {
  return gates.some((gate) => gate.id === id && gate.title === title)
}

const made: Record<Exclude<BackupReport['kind'], 'none'>, string> = {
  pg_dump: 'made now by pg_dump',
  command: 'made now by the command in airlock.yml',
  proof: 'made elsewhere, proven here',
}

function proof(check: CheckReport, isTold: boolean, detail: Detail): string {
  const title = words(check.title, detail)
  const found = code(check.actual, detail)
  if (check.outcome === 'passed') return `- ✅ ${title}: ${found}`
  const sides =
    check.outcome === 'not-checked'
      ? '**not checked**'
      : `expected ${code(check.expected, detail)}, found ${found}`
  const more = isTold
    ? []
    : [
        prose(check.reason ?? '', detail),
        check.fix === undefined ? '' : `**What to do:** ${prose(check.fix, detail)}`,
        place(check.where),
      ]
  return [`- ${sign(check.outcome)} **${title}**: ${sides}`, ...more]
    .filter((part) => part !== '')
    .join('<br>')
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
