import { beforeAll, describe, expect, test } from '@jest/globals'
import { StepFailure } from '../../src/deploy/failure.ts'
import { type Looker, watchStatement } from '../../src/deploy/waits/watch.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import type { Session } from '../../src/postgres/types.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { parseScript } from '../../src/sql/script.ts'
import type { Statement } from '../../src/sql/types.ts'
import { withDatabase } from '../support/database.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function withSessions(act: (worker: Session, observer: Session) => Promise<void>) {
  await withDatabase({}, async (database) => {
    const open = (name: string) =>
      connect(resolveConnection({ url: database.url, env: {} }), { name, applicationName: name })
    const [worker, observer] = [await open('a worker'), await open('an observer')]
    await act(worker, observer)
    await worker.close()
    await observer.close()
  })
}

beforeAll(loadParser)

const statement = (): Statement => {
  const [one] = parseScript('a.sql', 'select 1;').statements
  if (one === undefined) throw new Error('no statement')
  return one
}

const why = () => new StepFailure({ message: 'the disk is full' })

describe('the watch over a statement', () => {
  test('ends at once, also while a slow look is under way, whose answer then counts for nothing', async () => {
    await withSessions(async (worker, observer) => {
      let overAtEnd: boolean | null = null
      let blind = false
      const slow: Looker = {
        nextMs: () => 0,
        async look(session, isOver) {
          await session.query('select pg_sleep(0.6)')
          overAtEnd = isOver()
          return why
        },
        blind: () => {
          blind = true
        },
      }
      const watch = watchStatement({ observer, connections: { worker } }, [slow])
      await pause(100)
      const start = Date.now()
      await watch.stop()
      expect(Date.now() - start).toBeLessThan(300)
      await worker.query('select pg_sleep(0.9)')
      expect(overAtEnd).toBe(true)
      expect(watch.interruption).toBeNull()
      expect(blind).toBe(false)
    })
  })

  test('a statement that must go is cancelled, and nothing that follows', async () => {
    await withSessions(async (worker, observer) => {
      for (let n = 0; n < 5; n += 1) {
        const looker: Looker = { nextMs: () => 20, look: async () => why }
        const watch = watchStatement({ observer, connections: { worker } }, [looker])
        const error = await worker.query('select pg_sleep(5)').catch((thrown: unknown) => thrown)
        await watch.stop()
        await worker.query('select pg_sleep(0.02)')
        expect(watch.explain(error, statement())?.message).toBe('the disk is full')
      }
    })
  })

  test('what was decided on while nothing ran is cancelled as soon as something does', async () => {
    await withSessions(async (worker, observer) => {
      const looker: Looker = { nextMs: () => 0, look: async () => why }
      const watch = watchStatement({ observer, connections: { worker } }, [looker])
      await pause(50)
      await expect(worker.query('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' })
      await watch.stop()
    })
  })
})
