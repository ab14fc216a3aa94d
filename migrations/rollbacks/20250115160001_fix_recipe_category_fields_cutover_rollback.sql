-- airlock: partial=ok

DROP TRIGGER IF EXISTS sync_recipe_category_trigger ON "Recipe";
DROP FUNCTION IF EXISTS sync_recipe_category_from_id();
ALTER TABLE "Recipe" DROP CONSTRAINT IF EXISTS recipe_category_consistency_check;
