import { relative, resolve } from 'node:path'
import type { Place } from '../report/refusal.ts'
import { isRunner } from './environment.ts'
import { loadToolkit } from './toolkit.ts'

/** A message that the runner shows at a line of a file. */
export interface Annotation {
  readonly severity: 'error' | 'warning' | 'notice'
  readonly title: string
  readonly message: string
  readonly where?: Place
}

/** What the runner shows of one severity in one step; more are dropped without a word. */
const MOST = 10
/** Characters of a message; the rest would be cut off. */
const LONGEST = 4096

/** Annotates the run, under the runner. Of more than ten of one severity the tenth says how many were left out. */
export async function annotate(annotations: readonly Annotation[]): Promise<void> {
  if (!isRunner()) return
  const toolkit = await loadToolkit()
  for (const severity of ['error', 'warning', 'notice'] as const) {
    const all = annotations.filter((annotation) => annotation.severity === severity)
    const shown = all.length > MOST ? all.slice(0, MOST - 1) : all
    for (const annotation of shown) issue(toolkit, annotation)
    if (shown.length < all.length) {
      const rest = all.length - shown.length
      issue(toolkit, {
        severity,
        title: 'pg-airlock',
        message: `${rest} more are in the job summary.`,
      })
    }
  }
}

type Toolkit = Awaited<ReturnType<typeof loadToolkit>>

function issue(toolkit: Toolkit, { severity, title, message, where }: Annotation): void {
  const place = where && {
    file: inRepository(where.file),
    startLine: where.line,
    startColumn: where.column,
  }
  toolkit[severity](shortened(message), { title: shortened(title, 255), ...place })
}

/** The runner wants paths from the root of the repository, whatever the step's working directory is. */
function inRepository(file: string): string {
  const root = process.env.GITHUB_WORKSPACE
  const path = root ? relative(root, resolve(file)) : file
  return path.replaceAll('\\', '/')
}

/** At most so many characters, never half of a pair of surrogates. */
function shortened(text: string, longest = LONGEST): string {
  if (text.length <= longest) return text
  return `${text.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
