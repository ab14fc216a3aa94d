-- airlock: expect_duration="1-2 minutes" lock_impact="Medium (UPDATE on Recipe table)"

-- Recipes get the category that they name. Spellings are evened out: ' Bread' and 'bread' are the same category.
-- The text itself stays as it was typed, until the clean-up removes the column.

INSERT INTO "RecipeCategory" ("companyId", "name")
SELECT "companyId", min(btrim("category"))
  FROM "Recipe"
 WHERE btrim("category") <> ''
 GROUP BY "companyId", lower(btrim("category"))
ON CONFLICT ("companyId", lower("name")) DO NOTHING;

UPDATE "Recipe" AS r
   SET "categoryId" = c."id"
  FROM "RecipeCategory" AS c
 WHERE r."categoryId" IS NULL
   AND btrim(r."category") <> ''
   AND c."companyId" = r."companyId"
   AND lower(c."name") = lower(btrim(r."category"));
