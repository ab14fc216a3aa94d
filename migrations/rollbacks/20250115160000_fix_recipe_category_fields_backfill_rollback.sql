-- No recipe had a "categoryId" before the backfill, so all of them are emptied. The categories that it made are kept: they hold
-- nothing that a recipe lacks, and somebody may use them by now.

-- With the cutover's trigger in place, emptying "categoryId" would empty "category" too.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_trigger WHERE tgname = 'sync_recipe_category_trigger' AND tgrelid = '"Recipe"'::regclass) THEN
    RAISE EXCEPTION 'the cutover (20250115160001) is in place'
      USING HINT = 'Roll back 20250115160001 first.';
  END IF;
END
$$;

UPDATE "Recipe" SET "categoryId" = NULL WHERE "categoryId" IS NOT NULL;
