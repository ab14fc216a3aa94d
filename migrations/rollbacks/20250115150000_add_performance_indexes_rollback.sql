-- airlock: partial=ok

DROP INDEX CONCURRENTLY IF EXISTS idx_recipe_name_trgm;
DROP INDEX CONCURRENTLY IF EXISTS idx_recipe_description_trgm;
DROP INDEX CONCURRENTLY IF EXISTS idx_recipe_method_trgm;
DROP INDEX CONCURRENTLY IF EXISTS idx_recipe_list_covering;
DROP INDEX CONCURRENTLY IF EXISTS idx_sales_record_analytics;
DROP INDEX CONCURRENTLY IF EXISTS idx_production_history_company_date_recipe;
DROP INDEX CONCURRENTLY IF EXISTS idx_inventory_movement_history;
DROP INDEX CONCURRENTLY IF EXISTS idx_notification_unread;
DROP INDEX CONCURRENTLY IF EXISTS idx_wholesale_order_status_date;
