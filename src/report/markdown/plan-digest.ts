import { codeFence } from '../escape.ts'
import type { Report } from '../types.ts'
import { blocks } from './block.ts'

/** A digest in full is for a machine; a person compares its beginning. */
export function shortDigest(digest: string): string {
  return digest.replace(/^[a-z\d]+:/, '').slice(0, 12)
}

/** What a reviewer approves: for `plan` only, a deployment names it among its facts. */
export function planDigest({ command, planDigest }: Report): string {
  if (command !== 'plan' || planDigest === undefined) return ''
  return blocks(
    '### Plan digest',
    codeFence(planDigest),
    'Given to `deploy` as `plan-digest`, exactly these files, steps and target are run; anything else is refused, and what differs is shown.',
  )
}
