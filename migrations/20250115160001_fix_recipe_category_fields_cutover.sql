-- airlock: expect_duration="30 seconds" lock_impact="Low (adds trigger and constraint)"

-- From here on "categoryId" leads, and the text follows it for those who still read it.

CREATE OR REPLACE FUNCTION sync_recipe_category_from_id() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF NEW."categoryId" IS NOT NULL THEN
    SELECT c."name" INTO NEW."category" FROM "RecipeCategory" AS c WHERE c."id" = NEW."categoryId";
  ELSIF TG_OP = 'UPDATE' AND OLD."categoryId" IS NOT NULL THEN
    -- The category was taken away, or deleted.
    NEW."category" := NULL;
  END IF;
  -- A text without an id is left alone: the constraint refuses it, so that nothing is lost in silence.
  RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER sync_recipe_category_trigger
  BEFORE INSERT OR UPDATE OF "category", "categoryId" ON "Recipe"
  FOR EACH ROW EXECUTE FUNCTION sync_recipe_category_from_id();

ALTER TABLE "Recipe"
  DROP CONSTRAINT IF EXISTS recipe_category_consistency_check,
  ADD CONSTRAINT recipe_category_consistency_check
    CHECK (("categoryId" IS NOT NULL) = ("category" IS NOT NULL AND btrim("category") <> '')) NOT VALID;

ALTER TABLE "Recipe" VALIDATE CONSTRAINT recipe_category_consistency_check;
