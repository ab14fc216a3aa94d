import { beforeAll, describe, expect, test } from '@jest/globals'
import { loadParser } from '../../src/sql/parser.ts'
import { noteLines, planOf, refusalOf, stepLines } from './planning.ts'

beforeAll(loadParser)

describe('a file without transactions of its own', () => {
  test('is one transaction', () => {
    const planned = planOf('CREATE TABLE a (id int);\nCREATE TABLE b (id int);\nSELECT 1;')
    expect(stepLines(planned)).toEqual(['transaction short 1,2,3: transaction: 3 statements'])
    expect(planned.steps[0]?.why).toBeUndefined()
    expect(planned.steps[0]?.ownTransaction).toBe(false)
    expect(planned.notes).toEqual([])
  })

  test('is cut before and after a statement that allows no transaction [trap: statements-moved-to-the-end]', () => {
    const planned = planOf(
      [
        'CREATE TABLE a (id int);',
        'CREATE INDEX CONCURRENTLY i ON a (id);',
        'VACUUM a;',
        'SELECT 1;',
      ].join('\n'),
    )
    expect(stepLines(planned)).toEqual([
      'transaction short 1: transaction: 1 statement',
      'statement long 2: CREATE INDEX CONCURRENTLY i',
      'statement long 3: VACUUM a',
      'transaction short 4: transaction: 1 statement',
    ])
    expect(planned.steps.map(({ why }) => why)).toEqual([
      undefined,
      "CREATE INDEX CONCURRENTLY can't run inside a transaction block",
      "VACUUM can't run inside a transaction block",
      'VACUUM a is a step of its own',
    ])
  })

  test('keeps several concurrent drops apart, which as one message fail with 25001', () => {
    const planned = planOf('DROP INDEX CONCURRENTLY a;\nDROP INDEX CONCURRENTLY IF EXISTS b;')
    expect(stepLines(planned)).toEqual([
      'statement long 1: DROP INDEX CONCURRENTLY a',
      'statement long 2: DROP INDEX CONCURRENTLY b',
    ])
  })

  test('gives each VALIDATE CONSTRAINT a transaction of its own and the long budget', () => {
    const planned = planOf(
      [
        'ALTER TABLE "Company" ADD CONSTRAINT "c_fkey" FOREIGN KEY (a) REFERENCES u (id) NOT VALID;',
        'ALTER TABLE "Company" VALIDATE CONSTRAINT "c_fkey";',
        'ALTER TABLE s.t VALIDATE CONSTRAINT "X y";',
        'SELECT 1;',
      ].join('\n'),
    )
    expect(stepLines(planned)).toEqual([
      'transaction short 1: transaction: 1 statement',
      'transaction long 2: VALIDATE CONSTRAINT c_fkey on "Company"',
      'transaction long 3: VALIDATE CONSTRAINT "X y" on s.t',
      'transaction short 4: transaction: 1 statement',
    ])
  })

  test('leaves two VALIDATE in one statement together, and says so', () => {
    const planned = planOf('ALTER TABLE t VALIDATE CONSTRAINT a, VALIDATE CONSTRAINT b;')
    expect(stepLines(planned)).toEqual(['transaction long 1: VALIDATE CONSTRAINT a, b on t'])
    expect(noteLines(planned)).toEqual(['warning validate-together 1'])
  })

  test('without statements has no steps and is warned of', () => {
    const planned = planOf('-- nothing yet\n')
    expect(planned.steps).toEqual([])
    expect(noteLines(planned)).toEqual(['warning empty-file 1'])
  })
})

describe('an enum value', () => {
  const addAndUse = [
    'CREATE TABLE before (id int);',
    "ALTER TYPE mood ADD VALUE 'new';",
    'SELECT 1;',
    "UPDATE t SET m = 'new';",
  ].join('\n')

  test('that is used later is committed at its ADD VALUE, and the file is no longer atomic', () => {
    const planned = planOf(addAndUse)
    expect(stepLines(planned)).toEqual([
      'transaction short 1: transaction: 1 statement',
      'transaction short 2: transaction: 1 statement',
      'transaction short 3,4: transaction: 2 statements',
    ])
    expect(noteLines(planned)).toEqual(['warning not-atomic 2'])
  })

  test('that is not used cuts nothing', () => {
    const planned = planOf("ALTER TYPE mood ADD VALUE 'new';\nUPDATE t SET m = 'old';")
    expect(stepLines(planned)).toEqual(['transaction short 1,2: transaction: 2 statements'])
    expect(planned.notes).toEqual([])
  })

  test.each([
    ["INSERT INTO t VALUES ('{old,new}'::mood[]);"],
    ["DO $$ BEGIN UPDATE t SET m = 'new'; END $$;"],
    ["CREATE FUNCTION f() RETURNS mood LANGUAGE sql AS $$ SELECT 'new'::mood $$;"],
    ["ALTER TABLE t ALTER m SET DEFAULT 'new';"],
    ['COPY t (m) FROM stdin;\nold\nnew\n\\.\n'],
  ])('is found in %s', (use) => {
    expect(planOf(`ALTER TYPE mood ADD VALUE 'new';\n${use}`).steps).toHaveLength(2)
  })

  test('of a type made in the same transaction is usable at once from 17 on', () => {
    const sql = `CREATE TYPE mood AS ENUM ('a');\nALTER TYPE mood ADD VALUE 'new';\nSELECT 'new'::mood;`
    expect(planOf(sql, { serverMajor: 17 }).steps).toHaveLength(1)
    expect(planOf(sql, { serverMajor: 16 }).steps).toHaveLength(3)
    expect(planOf(sql).steps).toHaveLength(3)
  })

  test('of CREATE TYPE itself is always usable', () => {
    const sql = `CREATE TYPE mood AS ENUM ('a', 'new');\nSELECT 'new'::mood;`
    expect(planOf(sql).steps).toHaveLength(1)
  })

  test('used inside the own transaction that adds it is warned of', () => {
    const planned = planOf(`BEGIN;\nALTER TYPE m ADD VALUE 'x';\nSELECT 'x'::m;\nCOMMIT;`)
    expect(stepLines(planned)).toEqual(['transaction short 2,3: transaction: 2 statements'])
    expect(noteLines(planned)).toEqual(['warning enum-in-transaction 2'])
  })
})

describe("a file's own transaction", () => {
  test('is kept, with its BEGIN as written', () => {
    const planned = planOf(
      'SELECT 0;\nBEGIN ISOLATION LEVEL SERIALIZABLE;\nSELECT 1;\nSELECT 2;\nCOMMIT;\nSELECT 3;',
    )
    expect(stepLines(planned)).toEqual([
      'transaction short 1: transaction: 1 statement',
      'transaction short 3,4: transaction: 2 statements',
      'transaction short 6: transaction: 1 statement',
    ])
    expect(planned.steps.map(({ begin }) => begin)).toEqual([
      undefined,
      'BEGIN ISOLATION LEVEL SERIALIZABLE',
      undefined,
    ])
    expect(planned.steps.map(({ ownTransaction }) => ownTransaction)).toEqual([false, true, false])
  })

  test('goes on after COMMIT AND CHAIN', () => {
    const planned = planOf('BEGIN READ WRITE;\nSELECT 1;\nCOMMIT AND CHAIN;\nSELECT 2;\nCOMMIT;')
    expect(planned.steps.map(({ begin }) => begin)).toEqual([
      'BEGIN READ WRITE',
      'BEGIN READ WRITE',
    ])
  })

  test('that ends with ROLLBACK is run and undone, and nothing is expected of it', () => {
    const planned = planOf('BEGIN;\nCREATE TABLE a (id int);\nROLLBACK;')
    expect(stepLines(planned)).toEqual(['transaction short rolls back 2: transaction: 1 statement'])
    expect(planned.expectations).toEqual([])
    expect(noteLines(planned)).toEqual(['warning own-rollback 3'])
  })

  test('with a VALIDATE inside is a hazard', () => {
    const planned = planOf('BEGIN;\nALTER TABLE t VALIDATE CONSTRAINT c;\nCOMMIT;')
    expect(stepLines(planned)).toEqual(['transaction short 2: VALIDATE CONSTRAINT c on t'])
    expect(noteLines(planned)).toEqual(['warning validate-in-transaction 2'])
  })

  test.each([
    [
      'BEGIN;\n  CREATE INDEX CONCURRENTLY i ON t (a);\nCOMMIT;',
      '2:3 CREATE INDEX CONCURRENTLY i inside the transaction begun in line 1',
    ],
    ['BEGIN;\nBEGIN;\nCOMMIT;', '2:1 BEGIN inside the transaction begun in line 1'],
    ['SELECT 1;\nBEGIN;\nSELECT 2;', '2:1 the file ends with its own transaction open'],
    ['BEGIN;\nSELECT 2;\nCOMMIT AND CHAIN;', '3:1 the file ends with its own transaction open'],
    [
      'BEGIN;\nDO $$ BEGIN COMMIT; END $$;\nCOMMIT;',
      '2:1 DO commits inside the transaction begun in line 1',
    ],
    ["BEGIN;\nSELECT 1;\nPREPARE TRANSACTION 'x';", '3:1 PREPARE TRANSACTION in a migration'],
  ])(
    'is refused where Postgres would not run it: %j [trap: begin-without-commit]',
    (sql, refusal) => {
      expect(refusalOf(() => planOf(sql))).toBe(refusal)
    },
  )
})

describe('a bare end of transaction', () => {
  test('COMMIT ends the transaction of the statements before it', () => {
    const planned = planOf('SELECT 1;\nCOMMIT;\nSELECT 2;')
    expect(stepLines(planned)).toEqual([
      'transaction short 1: transaction: 1 statement',
      'transaction short 3: transaction: 1 statement',
    ])
    expect(noteLines(planned)).toEqual(['warning own-commit 2'])
  })

  test('ROLLBACK undoes them', () => {
    const planned = planOf('CREATE TABLE a (id int);\nROLLBACK;\nSELECT 2;')
    expect(stepLines(planned)).toEqual([
      'transaction short rolls back 1: transaction: 1 statement',
      'transaction short 3: transaction: 1 statement',
    ])
    expect(planned.expectations).toEqual([])
    expect(noteLines(planned)).toEqual(['warning own-rollback 2'])
  })
})

describe('statements that commit by themselves', () => {
  test('stand alone when their text shows it', () => {
    const planned = planOf('SELECT 1;\nDO $$ BEGIN COMMIT; END $$;')
    expect(stepLines(planned)).toEqual([
      'transaction short 1: transaction: 1 statement',
      'statement short 2: DO',
    ])
  })

  test('stay in the transaction unless the catalog says that the procedure commits', () => {
    const sql = 'SELECT 1;\nCALL s.p();'
    expect(planOf(sql).steps).toHaveLength(1)
    const asked: unknown[] = []
    const procedureCommits = (name: unknown) => {
      asked.push(name)
      return true
    }
    expect(planOf(sql, { procedureCommits }).steps.map(({ kind }) => kind)).toEqual([
      'transaction',
      'statement',
    ])
    expect(asked[0]).toEqual({ schema: 's', name: 'p' })
  })
})

describe('transaction=off', () => {
  test('makes each statement a step', () => {
    const planned = planOf('-- airlock: transaction=off\n\nSELECT 1;\nSELECT 2;')
    expect(stepLines(planned)).toEqual(['statement short 3: SELECT', 'statement short 4: SELECT'])
  })

  test('keeps an own transaction', () => {
    const planned = planOf(
      '-- airlock: transaction=off\n\nBEGIN;\nLOCK TABLE t;\nCOMMIT;\nSELECT 2;',
    )
    expect(planned.steps.map(({ kind }) => kind)).toEqual(['transaction', 'statement'])
  })

  test('refuses what needs a transaction', () => {
    const sql = '-- airlock: transaction=off\n\nSELECT 1;\nLOCK TABLE t;'
    expect(refusalOf(() => planOf(sql))).toBe('4:1 LOCK TABLE in a file with transaction=off')
  })
})

describe('what ends with a transaction', () => {
  test('is warned of where a cut ends it', () => {
    const planned = planOf(
      'LOCK TABLE t;\nSET LOCAL work_mem = 1;\nCREATE INDEX CONCURRENTLY i ON t (a);\nSELECT 1;',
    )
    expect(noteLines(planned)).toEqual(['warning state-lost 1', 'warning state-lost 2'])
  })

  test('is fine in a file of one transaction', () => {
    expect(planOf('LOCK TABLE t;\nSELECT 1;').notes).toEqual([])
  })
})

describe('timeouts in a file', () => {
  test('are said', () => {
    const planned = planOf("SET lock_timeout = '5s';\nSET LOCAL statement_timeout TO 300000;")
    expect(planned.notes.map(({ message }) => message)).toEqual([
      "lock_timeout is 5s for the rest of the file, instead of the run's own",
      "statement_timeout is 300000 until its transaction ends, instead of the run's own",
    ])
  })

  test.each([
    ['SET lock_timeout = 0;', '1:1 lock_timeout is set to 0'],
    ["SET LOCAL statement_timeout = '0s';", '1:1 statement_timeout is set to 0'],
    ["SET lock_timeout = '0.3ms';", '1:1 lock_timeout is set to 0'],
    ["SELECT 1, set_config('lock_timeout', '0', false);", '1:1 lock_timeout is set to 0'],
    ['RESET lock_timeout;', "1:1 lock_timeout is taken back to the server's default"],
    [
      'SET statement_timeout TO DEFAULT;',
      "1:1 statement_timeout is taken back to the server's default",
    ],
  ])('may not be turned off: %s', (sql, refusal) => {
    expect(refusalOf(() => planOf(sql))).toBe(refusal)
  })

  test('may be turned off for the whole transaction, which has no limit by default', () => {
    expect(noteLines(planOf('SET transaction_timeout = 0;'))).toEqual(['info set-timeout 1'])
  })

  test('are lost by RESET ALL, with a warning', () => {
    expect(noteLines(planOf('RESET ALL;'))).toEqual(['warning reset-session 1'])
  })
})

describe('a batched statement', () => {
  const batch = '-- airlock: batch key=id todo="b IS NULL" size=100\n'

  test('is a step of its own', () => {
    const planned = planOf(
      `SELECT 1;\n\n${batch}UPDATE "T" SET b = 1 WHERE b IS NULL AND id > $1 AND id <= $2;\nSELECT 2;`,
    )
    expect(stepLines(planned)).toEqual([
      'transaction short 1: transaction: 1 statement',
      'batch short 4: batched UPDATE of "T" by id',
      'transaction short 5: transaction: 1 statement',
    ])
  })

  test.each([
    [`${batch}DELETE FROM t WHERE t.id > $1::bigint AND t.id <= $2::bigint;`],
    [`${batch}INSERT INTO u SELECT id FROM t WHERE id > $1 AND id <= $2;`],
    [
      '-- airlock: batch key="a,b" todo="c IS NULL"\nUPDATE t SET c = 1 WHERE (a, b) > ($1, $2) AND (a, b) <= ($3, $4);',
    ],
    [
      `${batch}UPDATE t SET b = s.b FROM (SELECT id, 1 AS b FROM t WHERE id > $1 AND id <= $2) s WHERE s.id = t.id;`,
    ],
  ])('holds its key range: %s', (sql) => {
    expect(planOf(`SELECT 0;\n\n${sql}`).steps[1]?.kind).toBe('batch')
  })

  test.each([
    [
      `${batch}UPDATE t SET b = 1 WHERE id > $1;`,
      "2:1 the batched statement doesn't hold id > $1 AND id <= $2",
    ],
    [
      `${batch}UPDATE t SET b = 1 WHERE id > $1 OR id <= $2;`,
      "2:1 the batched statement doesn't hold id > $1 AND id <= $2",
    ],
    [
      `${batch}UPDATE t SET b = $3 WHERE id > $1 AND id <= $2;`,
      '2:1 the batched statement refers to $3',
    ],
    [`${batch}SELECT id FROM t WHERE id > $1 AND id <= $2;`, "2:1 SELECT can't be run in batches"],
    ['UPDATE t SET b = $1;', '1:1 the statement refers to a parameter ($1)'],
    [
      `BEGIN;\n${batch}UPDATE t SET b = 1 WHERE id > $1 AND id <= $2;\nCOMMIT;`,
      '3:1 a batched statement inside the transaction begun in line 1',
    ],
  ])('is refused otherwise: %j', (sql, refusal) => {
    expect(refusalOf(() => planOf(sql))).toBe(refusal)
  })

  test('leaves the parameters of functions alone', () => {
    const sql =
      'CREATE FUNCTION f(int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT $1; END;\nPREPARE p AS SELECT $1;'
    expect(planOf(sql).steps).toHaveLength(1)
  })
})

describe('rows', () => {
  test.each([
    ['CREATE TABLE t (id int);', 'none'],
    ["SET work_mem = '1MB';", 'none'],
    ['UPDATE t SET a = 1;', 'exact'],
    ['REFRESH MATERIALIZED VIEW v;', 'exact'],
    ['CREATE TABLE u AS SELECT 1;', 'exact'],
    ['DO $$ BEGIN PERFORM 1; END $$;', 'exact'],
    ['SAVEPOINT a; UPDATE t SET a = 1; ROLLBACK TO a;', 'at-most'],
    ['DO $$ BEGIN DELETE FROM t; EXCEPTION WHEN others THEN NULL; END $$;', 'at-most'],
    ["DO $$ BEGIN RAISE EXCEPTION 'no'; END $$;", 'exact'],
  ])('of %s are counted: %s', (sql, rows) => {
    expect(planOf(sql).steps[0]?.rows).toBe(rows)
  })

  test('are lost to TRUNCATE, DROP TABLE and DETACH', () => {
    const sql =
      'TRUNCATE a, s.b; DROP TABLE c; ALTER TABLE p DETACH PARTITION p1; CREATE TABLE d (i int); DROP TABLE d;'
    expect(planOf(sql).steps[0]?.removesRowsOf).toEqual([
      { table: { schema: null, name: 'a' }, by: 'TRUNCATE' },
      { table: { schema: 's', name: 'b' }, by: 'TRUNCATE' },
      { table: { schema: null, name: 'c' }, by: 'DROP TABLE' },
      { table: { schema: null, name: 'p1' }, by: 'DETACH PARTITION' },
    ])
  })

  test.each([
    ['ALTER TABLE t RENAME TO o; DROP TABLE o;', ['t']],
    ['ALTER TABLE public.t RENAME TO o; DROP TABLE o;', ['public.t']],
    ['ALTER TABLE t RENAME TO o; ALTER TABLE o SET SCHEMA s; DROP TABLE s.o;', ['t']],
    [
      'CREATE TABLE n (i int); ALTER TABLE t RENAME TO o; ALTER TABLE n RENAME TO t; DROP TABLE o; TRUNCATE t;',
      ['t'],
    ],
    ['ALTER TABLE a RENAME TO b; ALTER TABLE c RENAME TO a; TRUNCATE a, b;', ['c', 'a']],
  ])('are counted under the name before the step: %s', (sql, names) => {
    const losing = planOf(sql).steps[0]?.removesRowsOf ?? []
    expect(
      losing.map(({ table: { schema, name } }) => (schema === null ? name : `${schema}.${name}`)),
    ).toEqual(names)
  })
})
