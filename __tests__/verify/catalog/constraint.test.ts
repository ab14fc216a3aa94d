import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Expectation } from '../../../src/plan/types.ts'
import { loadParser } from '../../../src/sql/parser.ts'
import type { ConstraintDefinition } from '../../../src/sql/types.ts'
import { verifyExpectations } from '../../../src/verify/expectations.ts'
import { server, servers } from '../../support/database.ts'
import { absent, constraint, member, present, reference } from '../expected.ts'
import { withSession } from '../session.ts'

const schema = `
  CREATE TABLE "User" (id int PRIMARY KEY);
  CREATE TABLE "RecipeItem" (
    id int CONSTRAINT item_pkey PRIMARY KEY, "recipeId" int NOT NULL, "ingredientId" int, "ownerId" int, price numeric,
    CONSTRAINT "RecipeItem_recipeId_ingredientId_key" UNIQUE ("recipeId", "ingredientId"),
    CONSTRAINT deferred_key UNIQUE (price) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT covering_key UNIQUE ("ownerId") INCLUDE (price),
    CONSTRAINT price_positive CHECK (price > 0)
  );
  ALTER TABLE "RecipeItem"
    ADD CONSTRAINT "Item_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "User" (id) ON DELETE SET NULL NOT VALID;
  CREATE SCHEMA "odd.schema ""x""";
  CREATE TABLE "odd.schema ""x"""."select" ("a.b ""c" int, "ü 1" int,
    CONSTRAINT "odd ""key"". ü" UNIQUE ("ü 1", "a.b ""c"));
  CREATE SCHEMA early; CREATE SCHEMA late;
  CREATE TABLE early.twin (a int); CREATE TABLE late.twin (a int, CONSTRAINT twin_key UNIQUE (a));
  CREATE DOMAIN positive AS int CONSTRAINT positive_check CHECK (VALUE > 0);
`
const scope = { searchPath: ['public'], serverMajor: 0 }

beforeAll(loadParser)

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  /** 'outcome: actual' of each expectation. */
  async function outcomes(
    expectations: readonly Expectation[],
    more = '',
    searchPath = scope.searchPath,
  ): Promise<string[]> {
    return withSession({ major }, async (session) => {
      await session.simple(schema + more)
      const found = await verifyExpectations(session, expectations, {
        searchPath,
        serverMajor: major,
      })
      return found.map(({ outcome, actual }) => `${outcome}: ${actual}`)
    })
  }

  const on = (table: string, name: string | null, parts: Partial<ConstraintDefinition>) =>
    present(member('constraint', table, name), { constraint: constraint(parts) })

  test('a constraint of the expected definition passes and is printed as the server names it', async () => {
    await withSession({ major }, async (session) => {
      await session.simple(schema)
      const [found] = await verifyExpectations(
        session,
        [
          on('RecipeItem', 'RecipeItem_recipeId_ingredientId_key', {
            columns: ['recipeId', 'ingredientId'],
          }),
        ],
        { searchPath: ['public'], serverMajor: major },
      )
      expect(found).toEqual({
        kind: 'constraint',
        object: '"RecipeItem_recipeId_ingredientId_key"',
        table: '"RecipeItem"',
        expected: 'UNIQUE ("recipeId", "ingredientId"), VALID',
        actual: 'UNIQUE ("recipeId", "ingredientId"), VALID',
        outcome: 'passed',
        where: { file: 'migrations/1_a.sql', line: 1, column: 1 },
      })
    })
  })

  test('every kind and clause is compared', async () => {
    const foreignKey = { type: 'foreign key', columns: ['ownerId'], valid: false } as const
    expect(
      await outcomes([
        on('RecipeItem', 'item_pkey', { type: 'primary key', columns: ['id'] }),
        on('RecipeItem', 'item_pkey', { columns: ['id'] }),
        on('RecipeItem', 'RecipeItem_recipeId_ingredientId_key', {
          columns: ['ingredientId', 'recipeId'],
        }),
        on('RecipeItem', 'deferred_key', {
          columns: ['price'],
          deferrable: true,
          initiallyDeferred: true,
        }),
        on('RecipeItem', 'deferred_key', { columns: ['price'], deferrable: true }),
        on('RecipeItem', 'covering_key', { columns: ['ownerId'], include: ['price'] }),
        on('RecipeItem', 'covering_key', { columns: ['ownerId'] }),
        on('RecipeItem', 'Item_ownerId_fkey', {
          ...foreignKey,
          references: reference('User', { onDelete: 'SET NULL' }),
        }),
        on('RecipeItem', 'Item_ownerId_fkey', {
          ...foreignKey,
          references: reference(['public', 'User'], { onDelete: 'SET NULL', columns: ['id'] }),
        }),
        on('RecipeItem', 'Item_ownerId_fkey', { ...foreignKey, references: reference('User') }),
        on('RecipeItem', 'Item_ownerId_fkey', {
          ...foreignKey,
          valid: true,
          references: reference('User', { onDelete: 'SET NULL' }),
        }),
        on('RecipeItem', 'nothing', { columns: ['id'] }),
        on('No table', 'nothing', { columns: ['id'] }),
      ]),
    ).toEqual([
      'passed: PRIMARY KEY (id), VALID',
      'failed: PRIMARY KEY (id), VALID',
      'failed: UNIQUE ("recipeId", "ingredientId"), VALID',
      'passed: UNIQUE (price) DEFERRABLE INITIALLY DEFERRED, VALID',
      'failed: UNIQUE (price) DEFERRABLE INITIALLY DEFERRED, VALID',
      'passed: UNIQUE ("ownerId") INCLUDE (price), VALID',
      'failed: UNIQUE ("ownerId") INCLUDE (price), VALID',
      'passed: FOREIGN KEY ("ownerId") REFERENCES "User" ON DELETE SET NULL, NOT VALID',
      'passed: FOREIGN KEY ("ownerId") REFERENCES "User" (id) ON DELETE SET NULL, NOT VALID',
      'failed: FOREIGN KEY ("ownerId") REFERENCES "User" ON DELETE SET NULL, NOT VALID',
      'failed: NOT VALID',
      'failed: missing',
      'failed: missing',
    ])
  })

  test('a CHECK is compared by its expression, and one in other words is not checked', async () => {
    const check = (expression: string) =>
      on('RecipeItem', 'price_positive', { type: 'check', expression })
    expect(
      await outcomes([
        check('price > 0'),
        check('price >= 0'),
        on('positive', 'positive_check', { type: 'check', expression: 'VALUE > 0' }),
      ]),
    ).toEqual([
      'passed: CHECK (price > 0), VALID',
      'not-checked: CHECK (price > (0)::numeric), VALID',
      'passed: CHECK (VALUE > 0), VALID',
    ])
  })

  test('one without a name is found by its table and structure', async () => {
    await withSession({ major }, async (session) => {
      await session.simple(schema)
      const found = await verifyExpectations(
        session,
        [
          on('RecipeItem', null, { columns: ['recipeId', 'ingredientId'] }),
          on('RecipeItem', null, { columns: ['price'] }),
          on('RecipeItem', null, { type: 'not null', columns: ['recipeId'] }),
          on('RecipeItem', null, { type: 'not null', columns: ['ingredientId'] }),
        ],
        { searchPath: ['public'], serverMajor: major },
      )
      expect(found.map(({ object, outcome }) => `${outcome}: ${object}`)).toEqual([
        'passed: "RecipeItem_recipeId_ingredientId_key"',
        'failed: (unnamed)',
        major >= 18 ? 'passed: "RecipeItem_recipeId_not_null"' : 'passed: (unnamed)',
        'failed: (unnamed)',
      ])
    })
  })

  test('names with quotes, dots, blanks, other letters and other schemas are found', async () => {
    const odd = ['odd.schema "x"', 'select'] as const
    await withSession({ major }, async (session) => {
      await session.simple(schema)
      const [found] = await verifyExpectations(
        session,
        [
          present(member('constraint', odd, 'odd "key". ü'), {
            constraint: constraint({ columns: ['ü 1', 'a.b "c'] }),
          }),
        ],
        { searchPath: ['public'], serverMajor: major },
      )
      expect(found).toMatchObject({
        object: '"odd ""key"". ü"',
        table: '"odd.schema ""x"""."select"',
        actual: 'UNIQUE ("ü 1", "a.b ""c"), VALID',
        outcome: 'passed',
      })
    })
  })

  test('an unqualified table is the first of the search path, not a later one that has the constraint', async () => {
    const twin = on('twin', 'twin_key', { columns: ['a'] })
    expect(await outcomes([twin], '', ['early', 'late'])).toEqual(['failed: missing'])
    expect(await outcomes([twin], '', ['late', 'early'])).toEqual(['passed: UNIQUE (a), VALID'])
  })

  test('a dropped one must be absent', async () => {
    const gone = absent(member('constraint', 'RecipeItem', 'price_positive'))
    expect(await outcomes([gone])).toEqual(['failed: present'])
    const odd = absent(member('constraint', ['odd.schema "x"', 'select'], 'odd "key". ü'))
    await withSession({ major }, async (session) => {
      await session.simple(schema)
      const found = await verifyExpectations(session, [odd], { ...scope, serverMajor: major })
      expect(found).toMatchObject([
        { object: '"odd ""key"". ü"', table: '"odd.schema ""x"""."select"', actual: 'present' },
      ])
    })
    const drop = 'ALTER TABLE "RecipeItem" DROP CONSTRAINT price_positive;'
    expect(await outcomes([gone], drop)).toEqual(['passed: absent'])
  })

  test('NOT NULL is found in the flag of a column or domain, where there is no constraint for it', async () => {
    const more = `CREATE TABLE n ("VALUE" int CONSTRAINT named_nn NOT NULL, b int);
      CREATE DOMAIN d AS int CONSTRAINT d_nn NOT NULL; CREATE DOMAIN e AS int`
    const notNull = (table: string, name: string | null, columns: string[]) =>
      on(table, name, { type: 'not null', columns })
    expect(
      await outcomes(
        [
          notNull('n', 'named_nn', ['VALUE']),
          notNull('n', null, ['b']),
          notNull('d', 'd_nn', []),
          notNull('e', 'e_nn', []),
        ],
        more,
      ),
    ).toEqual([
      major >= 18 ? 'passed: NOT NULL ("VALUE"), VALID' : 'passed: NOT NULL ("VALUE")',
      'failed: missing',
      major >= 17 ? 'passed: NOT NULL, VALID' : 'passed: NOT NULL',
      'failed: missing',
    ])
  })

  test('NULLS NOT DISTINCT counts', async () => {
    const clause = major >= 15 ? 'NULLS NOT DISTINCT' : ''
    const more = `ALTER TABLE "RecipeItem" ADD CONSTRAINT k UNIQUE ${clause} (price, "ownerId");`
    const key = { columns: ['price', 'ownerId'] }
    expect(await outcomes([on('RecipeItem', 'k', key)], more)).toEqual([
      major >= 15
        ? 'failed: UNIQUE NULLS NOT DISTINCT (price, "ownerId"), VALID'
        : 'passed: UNIQUE (price, "ownerId"), VALID',
    ])
  })
})

test('a constraint that is NOT ENFORCED is told from one that is (18)', async () => {
  const { major } = server()
  if (major < 18) return
  await withSession({ major }, async (session) => {
    await session.simple(
      'CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED',
    )
    const check = (enforced: boolean) =>
      present(member('constraint', 't', 'c'), {
        constraint: constraint({ type: 'check', expression: 'a > 0', enforced }),
      })
    const found = await verifyExpectations(session, [check(true), check(false)], {
      searchPath: ['public'],
      serverMajor: major,
    })
    expect(found.map(({ outcome, actual }) => `${outcome}: ${actual}`)).toEqual([
      'failed: NOT ENFORCED',
      'passed: CHECK (a > 0), NOT ENFORCED',
    ])
  })
})
