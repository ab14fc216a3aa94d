import type { Report } from './types.ts'

/** The report as JSON text, indented, with a line break at its end: what `report` writes. Its schema: schemas/report.schema.json. */
export function reportToJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`
}
