import { expect, test } from '@jest/globals'
import { withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, until } from '../support/engine.ts'

/** Sessions whose name begins so that wait for a lock on the parent. */
const waiting = (name: string) =>
  `select from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a using (pid)
   where not l.granted and l.relation = 'parent'::pg_catalog.regclass and a.application_name like '${name}%'`

test('a transaction that locks two tables takes them as the application does, which locks the one that refers to the other first: its INSERT is not the victim of a deadlock', async () => {
  await withDatabase({}, async (database) => {
    await database.query(
      `create table parent (id int primary key); create table child (parent int references parent);
       insert into parent values (1)`,
    )
    const reader = await database.connect('reader')
    await reader.query('begin; lock table parent in access share mode')
    const running = deployFiles(database, {
      files: {
        '1_a': 'alter table child add column note text;\nalter table parent add column note text;',
      },
    })
    await until(() => database.query(waiting('pg-airlock')))
    const web = await database.connect('web')
    const inserted = web.query('insert into child (parent) values (1)').then(
      () => 'inserted',
      (error: Error) => error.message,
    )
    // It waits somewhere behind us now, and the reader ends before the second after which its wait would be looked at.
    await new Promise((resolve) => setTimeout(resolve, 200))
    await reader.query('commit')
    expect(await inserted).toBe('inserted')
    expect(endingOf(await running)).toBe('deployed 0')
  })
})
