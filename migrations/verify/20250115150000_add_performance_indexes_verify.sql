-- All nine indexes are valid and ready
SELECT
  c.relname AS indexname,
  CASE WHEN i.indisvalid AND i.indisready THEN 'VALID' ELSE 'INVALID' END AS status
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE starts_with(c.relname::text, 'idx_')
ORDER BY c.relname;
-- indexname                                  | status
-- -------------------------------------------+--------
-- idx_inventory_movement_history             | VALID
-- idx_notification_unread                    | VALID
-- idx_production_history_company_date_recipe | VALID
-- idx_recipe_description_trgm                | VALID
-- idx_recipe_list_covering                   | VALID
-- idx_recipe_method_trgm                     | VALID
-- idx_recipe_name_trgm                       | VALID
-- idx_sales_record_analytics                 | VALID
-- idx_wholesale_order_status_date            | VALID
