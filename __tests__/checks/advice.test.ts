import { describe, expect, test } from '@jest/globals'
import { withDatabase } from '../support/database.ts'
import { runEngine } from '../support/engine.ts'
import { privilegesScenarios } from './scenarios/privileges.ts'

/** GRANT and ALTER of what is missing: the server itself says whether they are SQL that it takes. */

const groups = ['privileges.ownership', 'privileges.schemas', 'privileges.tables']

const refused = privilegesScenarios.filter(
  ({ check, outcome }) => outcome === 'failed' && groups.includes(check),
)

describe('what is advised for a missing privilege, the server carries out', () => {
  test.each(refused.map((one) => [`${one.check}: ${one.title}`, one] as const))(
    '%s',
    async (_, { check, arrange, files = {} }) => {
      await withDatabase({}, async (database) => {
        const { url = database.url, cleanUp } = (await arrange?.(database)) ?? {}
        try {
          const { report } = await runEngine(database, 'plan', { files, url })
          const { fix = '' } =
            report.checks.find(({ id, outcome }) => id === check && outcome === 'failed') ?? {}
          // Whoever joins a superuser can become one.
          expect(fix).not.toMatch(/GRANT postgres TO/)
          for (const sql of fix.split(' or ').filter((each) => !/…|^Let its owner/.test(each))) {
            await database.query(`begin; ${sql}; rollback`)
          }
          if (!/^(GRANT|ALTER|Let its owner)/.test(fix))
            throw new Error(`no statement is advised: ${fix}`)
        } finally {
          await cleanUp?.()
        }
      })
    },
  )
})
