import { describe, expect, test } from '@jest/globals'
import { createDatabase, server, servers, withDatabase } from './database.ts'

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('a database is made on the server of that major and gone afterwards', async () => {
    const database = await createDatabase({ major })
    const [row] = await database.query('SELECT current_setting($1)::int / 10000 AS major', [
      'server_version_num',
    ])
    expect(row).toEqual({ major })
    await database.drop()
    await withDatabase({ major }, async (other) => {
      const found = await other.query('SELECT 1 FROM pg_database WHERE datname = $1', [
        database.name,
      ])
      expect(found).toEqual([])
    })
  })

  test('settings are those that the engine is tested under', async () => {
    await withDatabase({ major }, async ({ query }) => {
      const rows = await query(
        `SELECT name, setting FROM pg_settings
          WHERE name IN ('wal_level', 'max_connections', 'max_prepared_transactions', 'track_counts', 'deadlock_timeout')
          ORDER BY name`,
      )
      expect(rows).toEqual([
        { name: 'deadlock_timeout', setting: '1000' },
        { name: 'max_connections', setting: '200' },
        { name: 'max_prepared_transactions', setting: '10' },
        { name: 'track_counts', setting: 'on' },
        { name: 'wal_level', setting: 'logical' },
      ])
    })
  })

  test('the recipe template holds the recipe application', async () => {
    await withDatabase({ major, template: 'recipe' }, async ({ query }) => {
      expect(await query('SELECT count(*)::int AS tables FROM "Recipe"')).toHaveLength(1)
    })
  })
})

test('a database may have any name', async () => {
  await withDatabase({ name: 'a "quoted" näme/with?odd#characters' }, async ({ query, name }) => {
    expect(await query('SELECT current_database()::text AS name')).toEqual([{ name }])
  })
})

test('a major that is not part of the run is refused', () => {
  expect(() => server(9)).toThrow('no server of PostgreSQL 9')
})
