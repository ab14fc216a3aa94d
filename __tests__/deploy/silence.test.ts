import { beforeAll, expect, test } from '@jest/globals'
import { server, type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, type EngineResult, endingOf, type Files } from '../support/engine.ts'
import {
  type Role,
  type Silence,
  type SilentProxy,
  startSilentProxy,
} from '../support/silent-proxy.ts'

interface Case {
  readonly files: Files
  /** What happens, once, when a request of this role matches. */
  readonly at: RegExp
  readonly role: Role
  readonly act: (proxy: SilentProxy) => void
  readonly gates?: Parameters<typeof deployFiles>[1]['gates']
}

/** Deploys by way of a proxy to which something happens; the run and the one after it. */
async function deployThrough(
  { files, at, role, act }: Case,
  prove: (found: {
    readonly first: EngineResult
    readonly second: EngineResult
    readonly database: TestDatabase
    readonly tookMs: number
  }) => Promise<void>,
): Promise<void> {
  await withDatabase({}, async (database) => {
    await database.query('create table counted (id int)')
    let happened = false
    const proxy = await startSilentProxy(server(), (text, from, itself) => {
      if (happened || from !== role || !at.test(text)) return
      happened = true
      act(itself)
    })
    try {
      const started = Date.now()
      const first = await deployFiles(database, {
        files,
        url: `${proxy.by(database.url)}?connect_timeout=2`,
      })
      const tookMs = Date.now() - started
      expect(happened).toBe(true)
      const second = await deployFiles(database, { files, settings: { 'run-lock-timeout': '5s' } })
      await prove({ first, second, database, tookMs })
    } finally {
      proxy.close()
    }
  })
}

/** All begin together, since each spends its time waiting; then they are awaited one by one. */
const scenarios: (readonly [string, () => Promise<unknown>])[] = []
const begin = (title: string, act: () => Promise<unknown>) => scenarios.push([title, act])

const directions: readonly Silence[] = ['to the server', 'to the client', 'both']
const counted = (database: TestDatabase) => database.query('select id from counted order by id')

begin(
  'a transaction whose connection falls silent, in either direction: within seconds it is taken back, and the next run does it',
  async () => {
    await Promise.all(
      directions.map((direction) =>
        deployThrough(
          {
            files: { '1_a': 'insert into counted values (1);\nselect 4711;' },
            at: /4711/,
            role: 'worker',
            act: (proxy) => proxy.silence('worker', direction),
          },
          async ({ first, second, database, tookMs }) => {
            expect(endingOf(first)).toMatch(
              /^failed 1: no answer for \d+ s, and the server waits for us/,
            )
            expect(endingOf(second)).toBe('deployed 0')
            expect(await counted(database)).toEqual([{ id: 1 }])
            expect(tookMs).toBeLessThan(20_000)
          },
        ),
      ),
    )
  },
)

begin(
  '[trap: commit-answer-lost] a COMMIT that falls silent: the journal is asked, and the run goes on where it was done',
  async () => {
    await Promise.all(
      directions.map((direction) =>
        deployThrough(
          {
            files: {
              '1_a': 'insert into counted values (1);',
              '2_b': 'insert into counted values (2);',
            },
            at: /insert into airlock\.steps/,
            role: 'worker',
            act: (proxy) => proxy.silence('worker', direction),
          },
          async ({ first, second, database }) => {
            const arrived = direction === 'to the client'
            expect(endingOf(first)).toMatch(arrived ? /^deployed 0$/ : /^failed 1: no answer for/)
            expect(endingOf(second)).toBe(arrived ? 'nothing-to-do 0' : 'deployed 0')
            expect(await counted(database)).toEqual([{ id: 1 }, { id: 2 }])
          },
        ),
      ),
    )
  },
)

begin(
  'a statement without a transaction, the observer, the keeper: each silence ends in seconds, and nothing is lost or done twice',
  async () => {
    const files = {
      '1_a': 'insert into counted values (1);',
      '2_b': 'create index concurrently counted_id on counted (id);',
      '3_c': 'insert into counted values (3);',
    }
    const cases: readonly (readonly [Case, RegExp])[] = [
      [
        {
          files,
          at: /create index concurrently/,
          role: 'worker',
          act: (proxy) => proxy.silence('worker', 'to the client'),
        },
        /^deployed 0/,
      ],
      [
        {
          files,
          at: /create index concurrently/,
          role: 'worker',
          act: (proxy) => proxy.silence('worker', 'to the server'),
        },
        /^rolled-back 1: no answer for/,
      ],
      [
        {
          files: {
            '1_a': `insert into counted values (1), (3);
alter table counted add done boolean, alter id set not null;`,
            '2_b': `-- airlock: batch key=id todo="done is null" size=1\nupdate counted set done = true where id > $1 and id <= $2;`,
          },
          at: /"batches"/,
          role: 'worker',
          act: (proxy) => proxy.silence('worker', 'to the client'),
        },
        /^deployed 0/,
      ],
      [
        {
          files,
          at: /insert into airlock\.runs/,
          role: 'observer',
          act: (proxy) => proxy.silence('observer', 'to the server'),
        },
        /^refused 1: no answer for/,
      ],
      [
        {
          files,
          at: /pg_try_advisory/,
          role: 'keeper',
          act: (proxy) => proxy.silence('keeper', 'both'),
        },
        /^refused 1: no answer for/,
      ],
      [
        {
          files,
          at: /insert into counted values \(3\)/,
          role: 'worker',
          act: (proxy) => proxy.reset('worker'),
        },
        /^failed 1/,
      ],
      [
        {
          files,
          at: /insert into counted values \(3\)/,
          role: 'worker',
          act: (proxy) => proxy.reset('observer'),
        },
        /^deployed 0/,
      ],
      [
        {
          files,
          at: /insert into counted values \(3\)/,
          role: 'worker',
          act: (proxy) => proxy.silence('observer', 'both'),
        },
        /^deployed 0/,
      ],
      [
        {
          files,
          at: /insert into counted values \(3\)/,
          role: 'worker',
          act: (proxy) => proxy.reset('keeper'),
        },
        /^(failed|rolled-back) 1/,
      ],
    ]
    await Promise.all(
      cases.map(([each, ending]) =>
        deployThrough(each, async ({ first, second, database }) => {
          expect(endingOf(first)).toMatch(ending)
          expect(endingOf(second)).toMatch(/^(deployed|nothing-to-do) 0$/)
          expect(await counted(database)).toEqual([{ id: 1 }, { id: 3 }])
        }),
      ),
    )
  },
)

const big = 1_100_000
const lines = `${'x'.repeat(999)}\n`.repeat(big / 1000)

begin(
  'an upload that takes more than ten seconds is no silence: COPY data, and one long statement',
  async () => {
    const uploads = [
      `copy long (text) from stdin;\n${lines}\\.`,
      `insert into long values ('${'x'.repeat(big)}');`,
    ]
    await Promise.all(
      uploads.map((sql) =>
        deployThrough(
          {
            files: { '1_a': 'create table long (text text);', '2_b': sql },
            at: /copy long|insert into long/,
            role: 'worker',
            act: (proxy) => proxy.slow('worker', big / 11),
          },
          async ({ first, second, tookMs }) => {
            expect(endingOf(first)).toBe('deployed 0')
            expect(endingOf(second)).toBe('nothing-to-do 0')
            expect(tookMs).toBeGreaterThan(10_000)
          },
        ),
      ),
    )
  },
)

begin(
  'a keeper that is cut on our side alone: its old backend is no other run, and what was committed is undone',
  async () => {
    await deployThrough(
      {
        files: { '1_a': 'create table made (id int);\ncommit;\nselect pg_sleep(1), 4711;' },
        at: /4711/,
        role: 'worker',
        act: (proxy) => proxy.sever('keeper'),
      },
      async ({ first, second }) => {
        expect(endingOf(first)).toMatch(/^rolled-back 1: The run's lock was lost/)
        expect(first.migration.rollback).toMatchObject({ outcome: 'restored' })
        expect(endingOf(second)).toBe('deployed 0')
      },
    )
  },
)

begin('a cable that is cut: the run ends by itself, in bounded time', async () => {
  await deployThrough(
    {
      files: { '1_a': 'insert into counted values (1);\nselect 4711;' },
      at: /4711/,
      role: 'worker',
      act: (proxy) => proxy.silence('all', 'both'),
    },
    async ({ first, second, tookMs }) => {
      expect(endingOf(first)).toMatch(/^needs-attention 3: no answer for/)
      expect(endingOf(second)).toMatch(/^(deployed 0|refused 1)/)
      expect(tookMs).toBeLessThan(60_000)
    },
  )
})

const begun = new Map<string, Promise<unknown>>()
beforeAll(() => {
  for (const [title, act] of scenarios) {
    const running = act()
    // Told by its own test.
    running.catch(() => {})
    begun.set(title, running)
  }
})

test.each(scenarios)('%s', async (title) => void (await begun.get(title)), 90_000)
