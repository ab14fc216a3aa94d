import { createServer, connect as dial } from 'node:net'
import { expect, test } from '@jest/globals'
import { server, servers, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf } from '../support/engine.ts'

const majors = servers().map(({ major }) => major)

/** Two servers stand in for a primary and what a failover puts in its place: they have different system identifiers. */
const testFailover = majors.length < 2 ? test.skip : test

testFailover(
  'behind one name, another server that answers after a loss is not taken for the one that the run began on',
  async () => {
    const [first = 0, second = 0] = majors
    await withDatabase({ major: first }, async (database) => {
      await withDatabase({ major: second, name: database.name }, async (other) => {
        let target = server(first)
        const proxy = createServer((client) => {
          const upstream = dial(target.port, target.host)
          for (const socket of [client, upstream]) {
            socket.on('error', () => socket.destroy())
            socket.on('close', () => {
              client.destroy()
              upstream.destroy()
            })
          }
          client.pipe(upstream).pipe(client)
        })
        await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
        const address = proxy.address()
        const url = new URL(database.url)
        url.hostname = '127.0.0.1'
        url.port = String(typeof address === 'object' && address !== null ? address.port : 0)
        // One login that both servers know, as after a real failover; the tests' own must stay as it is, other files are using it.
        const role = `failover_${process.pid}`
        const makeRole = `create role ${role} superuser login password 'both'`
        url.username = role
        url.password = 'both'
        await Promise.all([database.query(makeRole), other.query(makeRole)])
        try {
          const result = await deployFiles(database, {
            url: url.href,
            files: {
              '1_a':
                'create table a (id int);\ncommit;\nselect pg_sleep(1);\ncreate table b (id int);',
            },
            on: ({ type }) => {
              if (type !== 'step-finished' || target.major === second) return
              target = server(second)
              setTimeout(() => {
                void database.query(`select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and application_name like 'pg-airlock %'`)
              }, 300)
            },
          })
          expect(endingOf(result)).toMatch(/^needs-attention 3: /)
          expect(
            await other.query(
              `select to_regclass('a') is null and to_regclass('b') is null and to_regnamespace('airlock') is null as untouched`,
            ),
          ).toEqual([{ untouched: true }])
          expect(
            await database.query(
              `select to_regclass('a') is not null as there, state from airlock.migrations`,
            ),
          ).toEqual([{ there: true, state: 'running' }])
        } finally {
          proxy.close()
          for (const each of [database, other]) {
            await each.query(`drop owned by ${role}; drop role ${role}`)
          }
        }
      })
    })
  },
)
