-- Both unique constraints exist and are valid
SELECT conname, contype, convalidated
FROM pg_constraint
WHERE conname IN ('RecipeItem_recipeId_ingredientId_key', 'RecipeSection_recipeId_order_key');
-- conname                              | contype | convalidated
-- -------------------------------------+---------+-------------
-- RecipeItem_recipeId_ingredientId_key | u       | t
-- RecipeSection_recipeId_order_key     | u       | t
