-- Every recipe category is mapped
SELECT
  COUNT(*) FILTER (WHERE category IS NOT NULL AND category != '' AND "categoryId" IS NOT NULL) AS mapped,
  COUNT(*) FILTER (WHERE category IS NOT NULL AND category != '' AND "categoryId" IS NULL) AS unmapped
FROM "Recipe";
-- mapped | unmapped
-- -------+----------
--   *    |    0

-- No recipe is mapped to a category of another name or company
SELECT r."id"
FROM "Recipe" AS r
JOIN "RecipeCategory" AS c ON c."id" = r."categoryId"
WHERE lower(btrim(r."category")) <> lower(c."name") OR r."companyId" <> c."companyId";
-- expect: rows = 0
