-- The text column is gone, the reference is still there
SELECT attname
FROM pg_attribute
WHERE attrelid = '"Recipe"'::regclass AND attname IN ('category', 'categoryId') AND NOT attisdropped;
-- attname
-- ------------
-- categoryId
