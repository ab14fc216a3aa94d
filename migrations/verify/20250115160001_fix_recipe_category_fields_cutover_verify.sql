-- The trigger exists and is enabled
SELECT tgname, tgrelid::regclass, tgenabled
FROM pg_trigger
WHERE tgname = 'sync_recipe_category_trigger';
-- tgname                       | tgrelid  | tgenabled
-- -----------------------------+----------+-----------
-- sync_recipe_category_trigger | "Recipe" | O

-- The CHECK constraint exists and is valid
SELECT conname, contype, convalidated
FROM pg_constraint
WHERE conname = 'recipe_category_consistency_check';
-- conname                           | contype | convalidated
-- ----------------------------------+---------+-------------
-- recipe_category_consistency_check | c       | t
