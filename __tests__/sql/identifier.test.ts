import { describe, expect, test } from '@jest/globals'
import { quoteIdentifier, quoteLiteral, quoteName } from '../../src/sql/identifier.ts'
import { servers, withDatabase } from '../support/database.ts'

const names = [
  'recipe',
  '_under',
  'with_9',
  '9lives',
  'Recipe',
  'a b',
  'a.b',
  'a"b',
  '"',
  'a$b',
  'größe',
  '表',
  '😀',
  ' ',
  'tab\tname',
  "o'clock",
  'back\\slash',
  'pg_catalog',
]

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('odd names are quoted as quote_ident() quotes them', async () => {
    await withDatabase({ major }, async ({ query }) => {
      const rows = await query<{ name: string; quoted: string }>(
        'SELECT name, quote_ident(name) AS quoted FROM unnest($1::text[]) AS name',
        [names],
      )
      expect(rows.map(({ name }) => quoteIdentifier(name))).toEqual(rows.map((row) => row.quoted))
      expect(rows).toHaveLength(names.length)
    })
  })

  test('every keyword that the server quotes is quoted, and json since 17', async () => {
    await withDatabase({ major }, async ({ query }) => {
      const rows = await query<{ word: string; quoted: boolean }>(
        'SELECT word, quote_ident(word) <> word AS quoted FROM pg_get_keywords()',
      )
      const bare = rows.filter(({ word }) => quoteIdentifier(word) === word)
      expect(bare.filter(({ quoted }) => quoted)).toEqual([])
      const tooMuch = rows.filter(({ word, quoted }) => !quoted && quoteIdentifier(word) !== word)
      expect(tooMuch.map(({ word }) => word)).toEqual(major === 16 ? ['json'] : [])
      expect(rows.length).toBeGreaterThan(400)
    })
  })

  test('literals are quoted as quote_literal() quotes them', async () => {
    const texts = ['', 'plain', "o'clock", "''", 'back\\slash', "both ' and \\", 'é\n😀', '"']
    await withDatabase({ major }, async ({ query }) => {
      const rows = await query<{ text: string; quoted: string }>(
        'SELECT text, quote_literal(text) AS quoted FROM unnest($1::text[]) AS text',
        [texts],
      )
      expect(rows.map(({ text }) => quoteLiteral(text))).toEqual(rows.map((row) => row.quoted))
    })
  })
})

test('a name without a schema stands alone, with one both parts are quoted', () => {
  expect(quoteName({ schema: null, name: 'Recipe' })).toBe('"Recipe"')
  expect(quoteName({ schema: 'my app', name: 'order' })).toBe('"my app"."order"')
})
