-- airlock: disabled after=20250115160001 soak=7d expect_duration="1 second" lock_impact="Low (catalog only)"
-- airlock: rollback=none reason="The category as it was typed is gone with the column; only a backup has it."

-- To be enabled a week after the cutover, by removing the word "disabled" above, when nobody reads the text any more.

DROP TRIGGER IF EXISTS sync_recipe_category_trigger ON "Recipe";
DROP FUNCTION IF EXISTS sync_recipe_category_from_id();

ALTER TABLE "Recipe"
  DROP CONSTRAINT IF EXISTS recipe_category_consistency_check,
  DROP COLUMN IF EXISTS "category";
