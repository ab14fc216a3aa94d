-- airlock: partial=ok

ALTER TABLE "RecipeItem" DROP CONSTRAINT IF EXISTS "RecipeItem_recipeId_ingredientId_key";
ALTER TABLE "RecipeSection" DROP CONSTRAINT IF EXISTS "RecipeSection_recipeId_order_key";
