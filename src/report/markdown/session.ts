import type { Report } from '../types.ts'
import { code, folded, table } from './block.ts'
import type { Detail } from './detail.ts'

/** Session settings: what was set beside what SHOW read back. */
export function session(report: Report, detail: Detail): string {
  const rows = report.session.map((one) => [
    code(one.name, detail),
    code(one.set, detail),
    code(one.readBack, detail),
  ])
  const columns = ['setting', 'set to', 'read back'].map((title) => ({ title }))
  return folded(
    `Session settings: ${rows.length}, each set and read back`,
    table(columns, rows, detail),
  )
}
