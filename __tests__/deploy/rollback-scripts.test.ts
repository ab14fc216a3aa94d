import { expect, test } from '@jest/globals'
import { withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, runEngine } from '../support/engine.ts'

const settings = { 'lock-timeout': '3s' }
const allowed = '-- airlock: allow=data-loss reason="a test"\n\n'
const remember = `insert into seen values (current_setting('lock_timeout'), current_user);`
const prepared = `create table seen (timeout text, who text);
  create function off() returns text language sql as $$ select set_config('lock_timeout', '0', false) $$;
  do $$ begin create role helper; exception when duplicate_object then null; end $$;
  grant helper to current_user; grant all on schema public to helper; grant all on seen to helper`

const scripts = {
  'a directive of the first statement is that statement’s alone': {
    script: `-- airlock: lock_timeout=7s\nselect 1;\n${remember}\n-- airlock: lock_timeout=8s\n${remember}`,
    timeouts: ['3s', '8s'],
  },
  'timeouts that a function has switched off are set again': {
    script: `select off();\n${remember}`,
    timeouts: ['3s'],
  },
  'what RESET ALL takes away is set again': {
    script: `reset all;\n${remember}`,
    timeouts: ['3s'],
  },
  'what DISCARD ALL takes away is set again, the role too': {
    script: `discard all;\n${remember}`,
    timeouts: ['3s'],
  },
  'a timeout that the script has SET itself is left alone': {
    script: `set lock_timeout = '9s';\nselect 1;\ncommit;\n${remember}`,
    timeouts: ['9s'],
  },
} as const

test.each(Object.entries(scripts))('in a rollback script %s', async (_, { script, timeouts }) => {
  await withDatabase({}, async (database) => {
    await database.query(prepared)
    const options = {
      settings: { ...settings, role: 'helper' },
      files: {
        '1_a': 'create table t (id int);',
        'rollbacks/1_a_rollback': `${allowed}drop table t;\n${script}`,
      },
    }
    expect(endingOf(await deployFiles(database, options))).toBe('deployed 0')
    const undone = await runEngine(database, 'rollback', options)
    const seen = await database.query<{ timeout: string; who: string }>('select * from seen')
    await database.query('drop owned by helper')
    expect(endingOf(undone)).toBe('rolled-back 0')
    expect(seen).toEqual(timeouts.map((timeout) => ({ timeout, who: 'helper' })))
  })
})

test('a deferred constraint that a rollback script breaks is told with the statement’s place', async () => {
  await withDatabase({}, async (database) => {
    await database.query(
      `create table p (id int primary key); insert into p values (1);
       create table t (p int references p deferrable initially deferred)`,
    )
    const files = {
      '1_a': 'create table a (id int);',
      'rollbacks/1_a_rollback': `${allowed}drop table a;\ninsert into t values (2);\nselect 1;`,
    }
    await deployFiles(database, { files })
    const undone = await runEngine(database, 'rollback', { files })
    expect(undone.migration.rollback?.error).toMatchObject({
      sqlstate: '23503',
      where: { file: 'migrations/rollbacks/1_a_rollback.sql', line: 4 },
    })
    expect(await database.query(`select to_regclass('a') is not null as there`)).toEqual([
      { there: true },
    ])
  })
})
