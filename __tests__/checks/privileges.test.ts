import { describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { withDatabase } from '../support/database.ts'
import { endingOf, runEngine } from '../support/engine.ts'
import { privilegesScenarios } from './scenarios/privileges.ts'

/** Is it true what the checks derive? The server itself is asked: each scenario's statements are run as its role. */

/** The journal and the connection limit are no matter of the migrations' statements. */
const ofStatements = privilegesScenarios.filter(
  ({ check, files }) => files !== undefined && check !== 'privileges.role',
)

const refused = ofStatements.filter(({ outcome }) => outcome === 'failed')
const allowed = ofStatements.filter(
  ({ outcome, deploys }) => outcome === 'passed' || outcome === 'warned' || deploys,
)

describe('what the checks of privileges refuse, the server refuses', () => {
  test.each(refused.map((one) => [`${one.check}: ${one.title}`, one] as const))(
    '%s',
    async (_, { arrange, files = {} }) => {
      await withDatabase({}, async (database) => {
        const { url, cleanUp } = (await arrange?.(database)) ?? {}
        const client = new pg.Client({ connectionString: url ?? database.url })
        await client.connect()
        try {
          const error = await client.query(Object.values(files).join(';')).then(
            () => null,
            (thrown: unknown) => thrown as pg.DatabaseError,
          )
          // 42P01: a schema that one may not look into is left out of the search path.
          expect(`${error?.code}`).toMatch(/^(42501|42P01)$/)
        } finally {
          await client.end()
          await cleanUp?.()
        }
      })
    },
  )
})

describe('what the checks of privileges let pass or only warn of, the server lets pass', () => {
  test.each(allowed.map((one) => [`${one.check}: ${one.title}`, one] as const))(
    '%s',
    async (_, { arrange, files = {} }) => {
      await withDatabase({}, async (database) => {
        const { url = database.url, settings, cleanUp } = (await arrange?.(database)) ?? {}
        try {
          const result = await runEngine(database, 'deploy', {
            files,
            url,
            ...(settings === undefined ? {} : { settings }),
          })
          expect(endingOf(result)).toBe('deployed 0')
        } finally {
          await cleanUp?.()
        }
      })
    },
  )
})
