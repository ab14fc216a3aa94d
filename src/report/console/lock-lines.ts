import { durationText } from '../duration-text.ts'
import { consoleLine } from '../escape.ts'
import type { RunEvent } from '../events.ts'
import { lockSessionText } from '../lock-session-text.ts'
import { labelled } from './error-lines.ts'

type LockEvent = Extract<
  RunEvent,
  { readonly type: 'lock-wait' | 'blocking' | 'blocker-ended' | 'waiting-for-snapshots' }
>

/** Who is in whose way, as it is seen. */
export function lockLines(event: LockEvent): string[] {
  switch (event.type) {
    case 'lock-wait':
      return labelled('  ⏳', `waiting for ${lockSessionText(event.blocker)}`)
    case 'blocker-ended':
      return labelled(
        '  ⚠',
        `${event.blocker.action ?? 'ended'}: ${lockSessionText(event.blocker)}`,
      )
    case 'blocking': {
      const { blocked } = event
      const who = blocked.application === '' ? 'a session' : blocked.application
      const user = blocked.user === '' ? '' : ` as ${blocked.user}`
      const behind = blocked.behind === 'held' ? 'a lock that we hold' : 'our waiting statement'
      const query = blocked.query === '' ? '' : `: ${blocked.query.replace(/\s+/g, ' ')}`
      return labelled(
        '  ⚠',
        `${who}${user} has waited ${durationText(blocked.longestMs)} behind ${behind}${query}`,
      )
    }
    case 'waiting-for-snapshots':
      return [
        consoleLine(`  … not begun yet (${durationText(event.waitedMs)}): it would wait for`),
        ...event.sessions.flatMap((session) => labelled('    -', lockSessionText(session))),
      ]
  }
}
