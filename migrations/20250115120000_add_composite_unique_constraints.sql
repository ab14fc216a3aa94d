-- airlock: expect_duration="30 seconds" lock_impact="Low (small tables)"

-- One line per ingredient in a recipe, one section per position.
-- Guarded rather than dropped and added again: a second run would build both indexes anew.

DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_constraint
     WHERE conname = 'RecipeItem_recipeId_ingredientId_key'
       AND conrelid = '"RecipeItem"'::regclass
  ) THEN
    ALTER TABLE "RecipeItem"
      ADD CONSTRAINT "RecipeItem_recipeId_ingredientId_key" UNIQUE ("recipeId", "ingredientId");
  END IF;
END
$$;

DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_constraint
     WHERE conname = 'RecipeSection_recipeId_order_key'
       AND conrelid = '"RecipeSection"'::regclass
  ) THEN
    ALTER TABLE "RecipeSection"
      ADD CONSTRAINT "RecipeSection_recipeId_order_key" UNIQUE ("recipeId", "order");
  END IF;
END
$$;
