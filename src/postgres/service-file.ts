import { excerptAt, Refusal } from '../report/refusal.ts'
import type { Parameters } from './connection-string.ts'

/** The parameters of one `[service]` of a pg_service.conf, or null where the file doesn't have it. */
export function serviceIn(text: string, path: string, service: string): Parameters | null {
  const lines = text.split(/\r?\n/)
  const start = lines.findIndex((line) => line.trim() === `[${service}]`)
  if (start < 0) return null
  const parameters = new Map<string, string>()
  for (const [offset, line] of lines.slice(start + 1).entries()) {
    const trimmed = line.trim()
    if (trimmed.startsWith('[')) break
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const [name = '', value] = trimmed.split(/=(.*)/s)
    const place = { file: path, line: start + offset + 2, column: 1 }
    if (value === undefined || name.trim() === 'service') {
      throw new Refusal({
        what: `The service "${service}" holds a line that is not a parameter`,
        where: place,
        // Only the name: the line may hold a password.
        excerpt: excerptAt(name, 1, 1),
        why: 'Each line of a service is one key=value; a service can not name another one.',
        fix: 'Correct the line, or put a # before it.',
      })
    }
    // The first of a name counts, as in libpq.
    if (!parameters.has(name.trim())) parameters.set(name.trim(), value.trim())
  }
  return parameters
}
