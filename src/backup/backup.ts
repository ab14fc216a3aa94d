import type { BackupReport, CheckReport } from '../report/types.ts'
import type { Backup } from '../runbook/gates/backup.ts'
import { backupCheck, outcomeOf } from './check-report.ts'
import { makeByCommand } from './command.ts'
import { judgeExisting } from './existing.ts'
import { judgePgDump, makePgDump } from './pg-dump.ts'
import type { BackupRequest } from './request.ts'

/**
 * Makes the backup that airlock.yml asks for, or looks at the one that exists, and proves it.
 * Errors: ServerError where the target is lost.
 */
export async function makeBackup(backup: Backup, request: BackupRequest): Promise<BackupReport> {
  if (backup['pg-dump'] !== undefined) return makePgDump(backup['pg-dump'], request)
  if (backup.command !== undefined) return makeByCommand(backup.command, request)
  if (backup.proof !== undefined) return judgeExisting(backup.proof, request)
  return none(backup.none ?? 'airlock.yml gives no reason')
}

/** The same without making anything: what can be judged of it beforehand. A user's command is not run. */
export async function judgeBackup(backup: Backup, request: BackupRequest): Promise<BackupReport> {
  if (backup.none !== undefined) return none(backup.none)
  if (backup.proof?.query !== undefined) return judgeExisting(backup.proof, request)
  const kind =
    backup['pg-dump'] !== undefined ? 'pg_dump' : backup.command !== undefined ? 'command' : 'proof'
  const before =
    backup['pg-dump'] === undefined ? [] : await judgePgDump(backup['pg-dump'], request)
  return reportOf(kind, [...before, later])
}

const later = backupCheck('made', 'backup made', 'not-checked', 'made and proven', 'not yet', {
  reason: 'made by deploy, before its first change',
})

function none(reason: string): BackupReport {
  const check = backupCheck('made', 'backup made', 'not-checked', 'a backup', 'none', { reason })
  return { ...reportOf('none', [check]), reason }
}

function reportOf(kind: BackupReport['kind'], checks: readonly CheckReport[]): BackupReport {
  return { kind, outcome: outcomeOf(checks), durationMs: 0, checks }
}
