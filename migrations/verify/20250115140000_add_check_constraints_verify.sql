-- All four CHECK constraints exist and are valid
SELECT conname, contype, convalidated
FROM pg_constraint
WHERE conname IN (
  'recipe_selling_price_positive',
  'ingredient_pack_price_positive',
  'recipe_yield_quantity_positive',
  'recipe_item_quantity_positive'
);
-- conname                        | contype | convalidated
-- -------------------------------+---------+-------------
-- ingredient_pack_price_positive | c       | t
-- recipe_item_quantity_positive  | c       | t
-- recipe_selling_price_positive  | c       | t
-- recipe_yield_quantity_positive | c       | t
