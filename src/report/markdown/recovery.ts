import { codeFence } from '../escape.ts'
import type { Report, RestorePointReport } from '../types.ts'
import { visibleLine } from '../visible.ts'
import { blocks, code, words } from './block.ts'
import type { Detail } from './detail.ts'

/** What to hand to whoever restores, wherever a run has changed something and did not end well. */
export function recovery(report: Report, detail: Detail): string {
  if (!mayNeedRestore(report)) return ''
  const { backup, restorePoint } = report
  const point =
    restorePoint === null || restorePoint.lsn === null
      ? ''
      : blocks(
          'To the restore point made before the first change, with `postgresql.conf`:',
          codeFence(target(restorePoint)),
          aside(restorePoint, restorePoint.lsn, detail),
        )
  const sum = backup?.sha256 === undefined ? '' : `, SHA-256 ${code(backup.sha256, detail)}`
  const file =
    backup?.path === undefined || backup.outcome === 'failed'
      ? ''
      : `${point === '' ? 'From' : 'Or from'} the backup ${code(backup.path, detail)}${sum}.`
  return point === '' && file === '' ? '' : blocks('### Should a restore be needed', point, file)
}

/** Whether a sentence says what this section says better: with lines to copy. */
export function isToldByRecovery(report: Report, line: string): boolean {
  if (!mayNeedRestore(report)) return false
  const { backup, restorePoint } = report
  const ofPoint = restorePoint?.lsn != null && line.includes('recovery_target_name')
  const path = backup?.outcome === 'failed' ? undefined : backup?.path
  return ofPoint || (path !== undefined && line.includes(path))
}

/** A refused run changed nothing. */
function mayNeedRestore({ command, exitCode, outcome }: Report): boolean {
  return command === 'deploy' && exitCode !== 0 && outcome !== 'refused'
}

/** Recovery takes the timeline as a decimal number; a WAL file's name begins with it in hexadecimal. */
function target({ name, walFile = '' }: RestorePointReport): string {
  const timeline = /^[\dA-F]{24}$/i.test(walFile) ? Number.parseInt(walFile.slice(0, 8), 16) : null
  return [
    `recovery_target_name = '${visibleLine(name).replaceAll("'", "''")}'`,
    ...(timeline === null ? [] : [`recovery_target_timeline = '${timeline}'`]),
  ].join('\n')
}

function aside({ archive, walFile }: RestorePointReport, lsn: string, detail: Detail): string {
  const file = walFile === undefined ? '' : `, WAL file ${code(walFile, detail)}`
  return `It is at LSN ${code(lsn, detail)}${file}, WAL archive: ${words(archive, detail)}. All that was written since, by anybody, would be lost.`
}
