import type { RawNotice } from './types.ts'

/** Enough to tell what happened; a loop that raises a notice a row must not fill the memory. */
const limit = 1000

type ReceivedNotice = { readonly [Field in keyof RawNotice]?: string | undefined }

/** The notices of one session since they were last taken; beyond 1,000 they are only counted. */
export class NoticeBox {
  private kept: RawNotice[] = []
  private dropped = 0

  add(notice: ReceivedNotice): void {
    if (this.kept.length >= limit) {
      this.dropped++
      return
    }
    const { severity = 'NOTICE', code = '00000', message = '', detail, hint } = notice
    this.kept.push({
      severity,
      code,
      message,
      ...(detail === undefined ? {} : { detail }),
      ...(hint === undefined ? {} : { hint }),
    })
  }

  take(): { readonly notices: readonly RawNotice[]; readonly dropped: number } {
    const taken = { notices: this.kept, dropped: this.dropped }
    this.kept = []
    this.dropped = 0
    return taken
  }
}
