import { argv } from 'node:process'
import { pathToFileURL } from 'node:url'
import pg from 'pg'

/**
 * The statements that fill docs/db/schema.sql with about `rows` rows, spread over its tables as a small chain of bakeries would.
 * They run in order on one session; the server makes the rows, so a million takes seconds. The same size gives the same rows on
 * every major: no random(), whose generator changed in 15, but a hash of the row's number.
 */
export function generateData(rows: number): string[] {
  const recipes = Math.max(10, Math.round(rows / 40))
  const companies = Math.max(2, Math.min(50, Math.round(recipes / 50)))
  const users = companies * 5
  const ingredients = Math.max(24, Math.round(recipes / 2))
  return [
    // Never negative, always below `choices`; `salt` keeps two columns of one row independent.
    `CREATE FUNCTION pg_temp.pick(row_number bigint, salt integer, choices integer) RETURNS integer
       LANGUAGE sql IMMUTABLE
       RETURN ((hashint8extended(row_number, salt) & 9223372036854775807) % choices)::integer`,
    `CREATE FUNCTION pg_temp.user_id(row_number bigint) RETURNS text
       LANGUAGE sql IMMUTABLE
       RETURN 'usr_' || lpad(row_number::text, 8, '0')`,
    // Three quarters of the time goes into checking foreign keys that hold anyway; only a superuser may leave that out.
    `SELECT set_config('session_replication_role', 'replica', false)
       FROM pg_roles WHERE rolname = current_user AND rolsuper`,
    `INSERT INTO "Company" ("name", "slug", "ownerId", "createdAt", "updatedAt")
     SELECT 'Bakery No ' || i, 'bakery-' || i, pg_temp.user_id(i), ${since('i')}, ${since('i')}
       FROM generate_series(1, ${companies}) AS i`,
    `INSERT INTO "User" ("id", "email", "name", "role", "companyId", "createdAt", "updatedAt")
     SELECT pg_temp.user_id(i), 'user' || i || '@example.com', 'User ' || i,
            (ARRAY['OWNER', 'MANAGER', 'CHEF', 'CHEF', 'VIEWER'])[1 + (i - 1) / ${companies}]::"UserRole",
            1 + (i - 1) % ${companies}, ${since('i')}, ${since('i')}
       FROM generate_series(1, ${users}) AS i`,
    // Half of the categories that recipes name exist already; the backfill makes the others.
    `INSERT INTO "RecipeCategory" ("companyId", "name", "createdAt")
     SELECT company, name, ${since('company')}
       FROM generate_series(1, ${companies}) AS company,
            unnest(ARRAY['Bread', 'Cakes', 'Mains', 'Sauces', 'Soups']) AS name`,
    `INSERT INTO "Ingredient" ("companyId", "name", "supplier", "packQuantity", "packUnit", "packPrice", "allergens", "createdAt", "updatedAt")
     SELECT 1 + i % ${companies},
            ${choice('i', 1, ['Plain', 'Strong', 'Dark', 'Fine', 'Organic', 'Smoked'])} || ' '
              || ${choice('i', 2, ['flour', 'sugar', 'butter', 'chocolate', 'salt', 'paprika', 'crème fraîche'])} || ' ' || i,
            ${choice('i', 3, ['Mill & Sons', "O'Neill", 'Nordfrø', 'Market'])},
            (1 + pg_temp.pick(i, 4, 50)) * 100, 'g', (50 + pg_temp.pick(i, 5, 5000)) / 100.0,
            CASE pg_temp.pick(i, 6, 4) WHEN 0 THEN ARRAY['gluten'] WHEN 1 THEN ARRAY['milk', 'soya'] ELSE ARRAY[]::text[] END,
            ${since('i')}, ${since('i')}
       FROM generate_series(1, ${ingredients}) AS i`,
    // As people type: spellings differ in case and blanks; some leave it out.
    `INSERT INTO "Recipe" ("companyId", "name", "description", "method", "category", "yieldQuantity", "yieldUnit", "sellingPrice", "nutrition", "isArchived", "createdAt", "updatedAt")
     SELECT 1 + i % ${companies},
            ${choice('i', 11, ['Slow', 'Quick', 'Sunday', 'Winter', 'Family', 'Grilled'])} || ' '
              || ${choice('i', 12, ['sourdough', 'brownie', 'minestrone', 'lasagne', 'pesto', 'crumble', 'jalapeño relish'])} || ' ' || i,
            'Serves ' || 1 + pg_temp.pick(i, 13, 12) || ', best ' || ${choice('i', 14, ['warm', 'cold', 'on the day', 'a day later'])},
            'Weigh everything. Mix for ' || 2 + pg_temp.pick(i, 15, 20) || ' minutes, rest, then bake at '
              || 140 + 10 * pg_temp.pick(i, 16, 10) || ' degrees until ' || ${choice('i', 17, ['golden', 'firm', 'just set'])} || '.',
            ${choice('i', 18, ['Bread', 'Cakes', 'Mains', 'Sauces', 'Soups', 'Desserts', 'Salads', 'Breakfast', 'Drinks', 'Preserves', 'mains', ' Bread', 'desserts ', '', null])},
            1 + pg_temp.pick(i, 19, 24), ${choice('i', 20, ['each', 'kg', 'l'])}::"Unit",
            CASE WHEN pg_temp.pick(i, 21, 10) > 0 THEN (199 + pg_temp.pick(i, 22, 4000)) / 100.0 END,
            jsonb_build_object('kcal', 80 + pg_temp.pick(i, 23, 700)), pg_temp.pick(i, 24, 20) = 0,
            ${since('i')}, ${since('i')}
       FROM generate_series(1, ${recipes}) AS i`,
    `INSERT INTO "RecipeSection" ("recipeId", "title", "order", "createdAt", "updatedAt")
     SELECT 1 + (i - 1) / 2, CASE i % 2 WHEN 1 THEN 'Base' ELSE 'To finish' END, (i - 1) % 2, ${since('i')}, ${since('i')}
       FROM generate_series(1, ${recipes * 2}) AS i`,
    // Eight neighbours in the list of ingredients: never the same twice in one recipe.
    `INSERT INTO "RecipeItem" ("recipeId", "sectionId", "ingredientId", "quantity", "unit", "createdAt", "updatedAt")
     SELECT recipe, recipe * 2 - (n % 2), 1 + (recipe * 7 + n) % ${ingredients}, (5 + pg_temp.pick(recipe * 8 + n, 31, 900)) / 2.0, 'g',
            ${since('recipe')}, ${since('recipe')}
       FROM generate_series(1, ${recipes}) AS recipe, generate_series(0, 7) AS n`,
    `INSERT INTO "ProductionPlan" ("companyId", "name", "startDate", "endDate", "createdBy", "createdAt", "updatedAt")
     SELECT 1 + i % ${companies}, 'Week ' || i, ${day('i')}, ${day('i')} + 6,
            CASE WHEN pg_temp.pick(i, 41, 8) > 0 THEN pg_temp.user_id(1 + pg_temp.pick(i, 42, ${users})) END, ${since('i')}, ${since('i')}
       FROM generate_series(1, ${Math.ceil(recipes / 4)}) AS i`,
    `INSERT INTO "ProductionTask" ("planId", "recipeId", "quantity", "status", "assignedTo", "dueDate", "createdAt", "updatedAt")
     SELECT 1 + i % ${Math.ceil(recipes / 4)}, 1 + pg_temp.pick(i, 43, ${recipes}), 1 + pg_temp.pick(i, 44, 40),
            ${choice('i', 45, ['TODO', 'IN_PROGRESS', 'DONE', 'DONE'])}::"TaskStatus",
            CASE WHEN pg_temp.pick(i, 46, 5) > 0 THEN pg_temp.user_id(1 + pg_temp.pick(i, 47, ${users})) END, ${day('i')}, ${since('i')}, ${since('i')}
       FROM generate_series(1, ${recipes * 3}) AS i`,
    `INSERT INTO "ProductionHistory" ("companyId", "recipeId", "quantityProduced", "productionDate", "createdAt")
     SELECT 1 + i % ${companies}, 1 + pg_temp.pick(i, 51, ${recipes}), 1 + pg_temp.pick(i, 52, 200), ${day('i')}, ${since('i')}
       FROM generate_series(1, ${recipes * 4}) AS i`,
    `INSERT INTO "InventoryMovement" ("companyId", "ingredientId", "type", "quantity", "createdBy", "createdAt")
     SELECT 1 + i % ${companies}, 1 + pg_temp.pick(i, 61, ${ingredients}),
            ${choice('i', 62, ['PURCHASE', 'USAGE', 'USAGE', 'WASTE', 'ADJUSTMENT'])}::"MovementType", pg_temp.pick(i, 63, 10000) / 10.0,
            CASE WHEN pg_temp.pick(i, 64, 6) > 0 THEN pg_temp.user_id(1 + pg_temp.pick(i, 65, ${users})) END, ${since('i')}
       FROM generate_series(1, ${recipes * 8}) AS i`,
    `INSERT INTO "SalesRecord" ("companyId", "recipeId", "quantity", "revenue", "saleDate", "createdAt")
     SELECT 1 + i % ${companies}, 1 + pg_temp.pick(i, 71, ${recipes}), 1 + pg_temp.pick(i, 72, 9), (250 + pg_temp.pick(i, 73, 9000)) / 100.0,
            ${since('i')}, ${since('i')}
       FROM generate_series(1, ${recipes * 10}) AS i`,
    `INSERT INTO "Notification" ("id", "userId", "title", "read", "createdAt")
     SELECT md5('notification ' || i)::uuid, pg_temp.user_id(1 + pg_temp.pick(i, 81, ${users})),
            ${choice('i', 82, ['Stock is low', 'Task assigned', 'Order confirmed'])}, pg_temp.pick(i, 83, 10) > 0, ${since('i')}
       FROM generate_series(1, ${recipes * 2}) AS i`,
    `INSERT INTO "WholesaleOrder" ("companyId", "customer", "status", "deliveryDate", "total", "createdAt", "updatedAt")
     SELECT 1 + i % ${companies}, 'Café ' || pg_temp.pick(i, 91, 300),
            ${choice('i', 92, ['DRAFT', 'CONFIRMED', 'DISPATCHED', 'DELIVERED', 'DELIVERED', 'CANCELLED'])}::"OrderStatus", ${day('i')},
            pg_temp.pick(i, 93, 90000) / 100.0, ${since('i')}, ${since('i')}
       FROM generate_series(1, ${recipes}) AS i`,
    `SELECT set_config('session_replication_role', 'origin', false)
       FROM pg_roles WHERE rolname = current_user AND rolsuper`,
    'ANALYZE',
  ]
}

/** A moment of 2024, spread over its minutes. */
function since(row: string): string {
  return `timestamp '2024-01-01' + pg_temp.pick(${row}, 99, 520000) * interval '1 minute'`
}

function day(row: string): string {
  return `date '2024-01-01' + pg_temp.pick(${row}, 98, 360)`
}

function choice(row: string, salt: number, values: readonly (string | null)[]): string {
  const list = values
    .map((value) => (value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`))
    .join(', ')
  return `(ARRAY[${list}])[1 + pg_temp.pick(${row}, ${salt}, ${values.length})]`
}

/** Fills the database of DATABASE_URL: `node build/scripts/generate-data.js 1000000`. */
async function main(): Promise<void> {
  const rows = Number(argv[2])
  const url = process.env.DATABASE_URL
  if (!Number.isInteger(rows) || rows < 1 || url === undefined) {
    console.error('Usage: DATABASE_URL=… node build/scripts/generate-data.js ROWS')
    process.exitCode = 2
    return
  }
  const client = new pg.Client({ connectionString: url, application_name: 'generate-data' })
  await client.connect()
  try {
    for (const statement of generateData(rows)) await client.query(statement)
  } finally {
    await client.end()
  }
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) await main()
