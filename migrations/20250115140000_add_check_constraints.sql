-- airlock: expect_duration="30 seconds" lock_impact="Low (validates existing data)"

-- Prices and quantities are positive. A recipe without a price is allowed: it is not for sale.

ALTER TABLE "Recipe"
  DROP CONSTRAINT IF EXISTS recipe_selling_price_positive,
  ADD CONSTRAINT recipe_selling_price_positive
    CHECK ("sellingPrice" IS NULL OR "sellingPrice" > 0) NOT VALID;

ALTER TABLE "Ingredient"
  DROP CONSTRAINT IF EXISTS ingredient_pack_price_positive,
  ADD CONSTRAINT ingredient_pack_price_positive CHECK ("packPrice" > 0) NOT VALID;

ALTER TABLE "Recipe"
  DROP CONSTRAINT IF EXISTS recipe_yield_quantity_positive,
  ADD CONSTRAINT recipe_yield_quantity_positive CHECK ("yieldQuantity" > 0) NOT VALID;

ALTER TABLE "RecipeItem"
  DROP CONSTRAINT IF EXISTS recipe_item_quantity_positive,
  ADD CONSTRAINT recipe_item_quantity_positive CHECK ("quantity" > 0) NOT VALID;

ALTER TABLE "Recipe" VALIDATE CONSTRAINT recipe_selling_price_positive;
ALTER TABLE "Ingredient" VALIDATE CONSTRAINT ingredient_pack_price_positive;
ALTER TABLE "Recipe" VALIDATE CONSTRAINT recipe_yield_quantity_positive;
ALTER TABLE "RecipeItem" VALIDATE CONSTRAINT recipe_item_quantity_positive;
