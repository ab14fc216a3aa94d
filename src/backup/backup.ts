import { fileErrorOf } from '../host/backup-files.ts'
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
  const { 'pg-dump': dump, command, proof } = backup
  if (dump !== undefined) return reachable('pg_dump', makePgDump(dump, request))
  if (command !== undefined) return reachable('command', makeByCommand(command, request))
  if (proof !== undefined) return reachable('proof', judgeExisting(proof, request))
  return none(backup.none ?? 'airlock.yml gives no reason')
}

/** A folder that can't be written to, or a file that can't be read, is the user's to mend: a finding, and no fault of ours. */
async function reachable(
  kind: BackupReport['kind'],
  made: Promise<BackupReport>,
): Promise<BackupReport> {
  const started = Date.now()
  try {
    return await made
  } catch (error) {
    const said = fileErrorOf(error)
    if (said === null) throw error
    const reason = 'Without access to its file or folder a backup is neither made nor proven.'
    const fix =
      'Name a place that the user who runs this may write to and read (df, ls -l), and deploy again.'
    const check = backupCheck('made', 'backup made', 'failed', readWrite, said.message, {
      reason,
      fix,
    })
    return { ...reportOf(kind, [check]), durationMs: Date.now() - started, reason }
  }
}

const readWrite = 'a file or folder that can be written and read'

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
