import { durationText } from '../duration-text.ts'
import { codeSpan, escapeText } from '../escape.ts'
import type { Report, TargetReport } from '../types.ts'
import { blocks, code, moment } from './block.ts'
import type { Detail } from './detail.ts'
import { shortDigest } from './plan-digest.ts'

/** One line: which database, as whom, which run, for how long. */
export function facts(report: Report, detail: Detail): string {
  const { origin, planDigest, runId } = report
  const parts = [
    ...(report.target === null
      ? ['no database was connected']
      : targetFacts(report.target, detail)),
    ...(runId === undefined ? [] : [`run ${code(runId, detail)}`]),
    ...(origin?.who === undefined ? [] : [`by ${code(origin.who, detail)}`]),
    ...(origin?.approvedBy === undefined ? [] : [`approved by ${code(origin.approvedBy, detail)}`]),
    ...(origin?.commit === undefined ? [] : [`commit ${codeSpan(origin.commit.slice(0, 12))}`]),
    ...(planDigest === undefined ? [] : [`plan ${codeSpan(shortDigest(planDigest))}`]),
    `${escapeText(moment(report.startedAt))}, ${durationText(report.durationMs)}`,
  ]
  return blocks(report.exitCode === 0 ? '' : '### The run', parts.join(' · '))
}

function targetFacts(target: TargetReport, detail: Detail): string[] {
  const role = target.role === undefined ? '' : `, role ${code(target.role, detail)}`
  return [
    ...(target.name === undefined ? [] : [`**${escapeText(target.name)}**`]),
    `${code(target.database, detail)} on ${code(`${target.host}:${target.port}`, detail)} as ${code(target.user, detail)}${role}`,
    `PostgreSQL ${escapeText(target.serverVersion)}`,
    target.tls === 'off' ? 'no TLS' : escapeText(target.tls),
  ]
}
