import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { server, servers } from '../support/database.ts'
import { covering } from './cover.ts'
import { tryAll } from './matrix.ts'
import { personFor } from './persons.ts'
import { type RestartableServer, startRestartable } from './restart.ts'
import { type Tried, tableOf } from './table.ts'

const majors = servers().map(({ major }) => major)
const newest = Math.max(...majors)
const minutes = 60_000

const cells = covering()
/** On every major but the newest. */
const sample = cells.filter((_, index) => index % Math.ceil(cells.length / 10) === 3)

describe.each(majors)('PostgreSQL %i: faults at the points of a run', (major) => {
  let tried: Tried[] = []
  let restartable: RestartableServer

  beforeAll(async () => {
    const filter = process.env.CELLS
    const all = major === newest ? cells : sample
    const chosen =
      filter === undefined
        ? all
        : all.filter(({ fault, point }) => new RegExp(filter).test(`${fault} @ ${point}`))
    restartable = await startRestartable(major)
    const started = Date.now()
    tried = await tryAll(server(major).adminUrl, restartable, chosen)
    process.stdout.write(`${Date.now() - started} ms for ${chosen.length}\n`)
    writeFileSync('/tmp/faults/tried.json', JSON.stringify(tried, null, 1))
  }, 10 * minutes)

  afterAll(async () => {
    await restartable?.stop()
    process.stdout.write(`PostgreSQL ${major}\n${tableOf(tried)}\n`)
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

  test('a person is needed only where nothing else can decide, and is told what to do [trap: dirty-flag]', () => {
    expect(those((one) => one.outcome === 'by a person' && personFor(one) === undefined)).toEqual(
      [],
    )
  })
})
