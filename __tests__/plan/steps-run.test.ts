import { beforeAll, describe, expect, test } from '@jest/globals'
import type { PlannedMigration } from '../../src/plan/types.ts'
import type { Session } from '../../src/postgres/types.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { servers } from '../support/database.ts'
import { withSession } from '../verify/session.ts'
import { planOf } from './planning.ts'

beforeAll(loadParser)

const majors = servers().map(({ major }) => major)

const schema = `
  CREATE TABLE t (id int PRIMARY KEY, a int);
  CREATE TYPE mood AS ENUM ('a');
  CREATE TABLE moods (m mood);
  ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
`

/** Runs steps as the plan says: transactions between BEGIN and COMMIT, statements alone. */
async function runSteps(session: Session, { steps }: PlannedMigration): Promise<void> {
  for (const { kind, statements, begin, rollsBack } of steps) {
    if (kind === 'transaction') await session.simple(begin ?? 'BEGIN')
    for (const { statement } of statements) await session.simple(statement.text)
    if (kind === 'transaction') await session.simple(rollsBack === true ? 'ROLLBACK' : 'COMMIT')
  }
}

describe('steps run as they are cut', () => {
  const scripts: readonly string[] = [
    "INSERT INTO t VALUES (1, 1);\nALTER TYPE mood ADD VALUE 'new';\nINSERT INTO moods VALUES ('new');",
    "CREATE TYPE m AS ENUM ('a');\nALTER TYPE m ADD VALUE 'new';\nCREATE TABLE x (y m DEFAULT 'new');\nINSERT INTO x DEFAULT VALUES;",
    "ALTER TYPE mood ADD VALUE 'b';\nALTER TYPE mood ADD VALUE 'c';\nDO $$ BEGIN INSERT INTO moods VALUES ('b'), ('c'); END $$;",
    'CREATE INDEX CONCURRENTLY i ON t (a);\nVACUUM t;\nREINDEX INDEX CONCURRENTLY i;\nDROP INDEX CONCURRENTLY i;',
    'LOCK TABLE t IN EXCLUSIVE MODE;\nSET LOCAL work_mem = 64;\nCREATE TEMP TABLE tmp (x int) ON COMMIT DROP;\nINSERT INTO tmp VALUES (1);\nALTER TABLE t VALIDATE CONSTRAINT c;',
    'DO $$ BEGIN INSERT INTO t VALUES (2, 2); COMMIT; END $$;\nSELECT 1;',
    'BEGIN ISOLATION LEVEL REPEATABLE READ;\nSAVEPOINT s;\nINSERT INTO t VALUES (3, 3);\nROLLBACK TO s;\nCOMMIT AND CHAIN;\nSELECT 1;\nCOMMIT;',
    '-- airlock: transaction=off\n\nINSERT INTO t VALUES (4, 4);\nVACUUM t;',
  ]

  test.each(majors)('on PostgreSQL %i [trap: one-mode-for-every-file]', async (major) => {
    await withSession({ major }, async (session) => {
      for (const sql of scripts) {
        await session.simple('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
        await session.simple(schema)
        await runSteps(session, planOf(sql, { serverMajor: major }))
        const [state] = await session.simple('SELECT pg_current_xact_id_if_assigned() IS NULL')
        expect(state?.rows[0]?.[0]).toBe('t')
      }
    })
  })
})

describe('without the cut at ADD VALUE', () => {
  test.each(majors)('PostgreSQL %i refuses the new label with 55P04', async (major) => {
    await withSession({ major }, async (session) => {
      await session.simple(schema)
      await session.simple("BEGIN; ALTER TYPE mood ADD VALUE 'new'")
      await expect(session.simple("INSERT INTO moods VALUES ('new')")).rejects.toMatchObject({
        code: '55P04',
      })
    })
  })

  test.each(majors)(
    'PostgreSQL %i takes it of a type made in the same transaction from 17 on, as the plan has it',
    async (major) => {
      const sql = `CREATE TYPE m AS ENUM ('a');\nALTER TYPE m ADD VALUE 'new';\nSELECT 'new'::m;`
      const isCut = planOf(sql, { serverMajor: major }).steps.length > 1
      await withSession({ major }, async (session) => {
        const outcome = await session.simple(`BEGIN; ${sql} COMMIT`).then(
          () => 'taken',
          (error: { readonly code: string }) => error.code,
        )
        expect(outcome).toBe(isCut ? '55P04' : 'taken')
      })
    },
  )
})
