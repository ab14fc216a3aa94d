import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { oldestAndNewest, server } from '../support/database.ts'
import { covering, isSilence } from './cover.ts'
import { diskFullCases, diskRefusal } from './disk-full.ts'
import { gates, tryAll } from './matrix.ts'
import { personFor } from './persons.ts'
import { type RestartableServer, startRestartable } from './restart.ts'
import { type Tried, tableOf } from './table.ts'

const majors = oldestAndNewest().map(({ major }) => major)
const newest = Math.max(...majors)
const minutes = 60_000

const cells = covering()
/** On the oldest major; without silence, which takes the longest and is the same on all. */
const sample = cells
  .filter((_, index) => index % Math.ceil(cells.length / 10) === 3)
  .filter((cell) => !isSilence(cell))

const noDisk = diskRefusal()

describe.each(majors)('PostgreSQL %i: faults at the points of a run', (major) => {
  const tried: Tried[] = []
  let restartable: RestartableServer | null = null

  beforeAll(async () => {
    restartable = await startRestartable(major)
    const chosen = major === newest ? cells : sample
    // The disk is of a server of its own: its cases take no time beside silent runs that wait.
    const [ofCells, ofDisk] = await Promise.all([
      tryAll(server(major).adminUrl, restartable, chosen),
      major === newest && noDisk === null ? diskFullCases(major, gates) : [],
    ])
    tried.push(...ofCells, ...ofDisk)
  }, 10 * minutes)

  afterAll(async () => {
    await restartable?.stop()
    const disk = noDisk === null ? '' : `disk full: NOT RUN, because ${noDisk}\n`
    process.stdout.write(`PostgreSQL ${major}\n${tableOf(tried)}\n${disk}`)
  })

  const those = (which: (one: Tried) => boolean) =>
    tried
      .filter(which)
      .map(({ fault, point, notes }) => [`${fault} @ ${point}`, ...notes].join('\n    '))

  test('no change is lost or made twice', () => {
    expect(those(({ outcome }) => outcome === 'lost or doubled')).toEqual([])
    expect(tried.length).toBeGreaterThan(0)
  })

  test('every run ends by itself', () => {
    expect(those(({ outcome }) => outcome === 'hung')).toEqual([])
  })

  test('a person is needed only where nothing else can decide, and is told what to do: no flag is cleared by hand [trap: dirty-flag]', () => {
    expect(those((one) => one.outcome === 'by a person' && personFor(one) === undefined)).toEqual(
      [],
    )
  })

  if (major !== newest) return

  test('a COMMIT whose answer was lost with its connection is known to have happened, by the run itself [trap: commit-answer-lost]', () => {
    const lost = tried.filter(
      ({ fault, point }) =>
        /^(transaction|statements|label): committed/.test(point) &&
        /^(reset of the worker|worker terminated)$/.test(fault),
    )
    expect(lost.map(({ outcome }) => outcome)).toEqual(['by itself', 'by itself', 'by itself'])
  })

  test('a run that a signal ended has written its report and its summary [trap: failed-run-without-report]', () => {
    const signalled = tried.filter(({ fault }) => fault.startsWith('SIG'))
    expect(signalled.length).toBeGreaterThan(10)
    expect(
      signalled.flatMap(({ notes }) => notes.filter((note) => note.startsWith('no report'))),
    ).toEqual([])
  })

  const testDisk = noDisk === null ? test : test.skip
  testDisk(
    'a full disk stops a rewrite, COPY, an index build, a batch and the server itself, and loses nothing',
    () => {
      const full = tried.filter(({ fault }) => fault === 'disk full')
      expect(full.map(({ point }) => point)).toEqual([
        'table rewrite',
        'COPY',
        'index build',
        'batch',
        'WAL',
      ])
      expect(full.map(({ outcome }) => outcome)).not.toContain('lost or doubled')
    },
  )
})
