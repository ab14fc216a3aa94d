-- airlock: expect_duration="5-15 minutes" lock_impact="None (CONCURRENTLY)"

-- Search as you type in recipes: substrings of name, description and method.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_recipe_name_trgm
  ON "Recipe" USING gin ("name" gin_trgm_ops);

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_recipe_description_trgm
  ON "Recipe" USING gin ("description" gin_trgm_ops);

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_recipe_method_trgm
  ON "Recipe" USING gin ("method" gin_trgm_ops);

-- The list of recipes, answered from the index alone.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_recipe_list_covering
  ON "Recipe" ("companyId", "isArchived", "updatedAt" DESC)
  INCLUDE ("name", "sellingPrice", "yieldQuantity", "categoryId");

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_sales_record_analytics
  ON "SalesRecord" ("companyId", "saleDate" DESC)
  INCLUDE ("recipeId", "quantity", "revenue");

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_production_history_company_date_recipe
  ON "ProductionHistory" ("companyId", "productionDate" DESC, "recipeId");

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_inventory_movement_history
  ON "InventoryMovement" ("companyId", "ingredientId", "createdAt" DESC);

-- Few notifications are unread: the index holds only those.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_notification_unread
  ON "Notification" ("userId", "createdAt" DESC)
  WHERE "read" = false;

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_wholesale_order_status_date
  ON "WholesaleOrder" ("companyId", "status", "deliveryDate");
