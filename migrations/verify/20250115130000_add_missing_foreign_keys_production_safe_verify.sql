-- All four foreign keys exist and are valid
SELECT
  conname AS constraint_name,
  conrelid::regclass::text AS table_name,
  CASE WHEN convalidated THEN 'VALID' ELSE 'NOT VALID' END AS status
FROM pg_constraint
WHERE conname IN (
  'Company_ownerId_fkey',
  'ProductionPlan_createdBy_fkey',
  'ProductionTask_assignedTo_fkey',
  'InventoryMovement_createdBy_fkey'
)
ORDER BY conname;
-- constraint_name                  | table_name          | status
-- ---------------------------------+---------------------+--------
-- Company_ownerId_fkey             | "Company"           | VALID
-- InventoryMovement_createdBy_fkey | "InventoryMovement" | VALID
-- ProductionPlan_createdBy_fkey    | "ProductionPlan"    | VALID
-- ProductionTask_assignedTo_fkey   | "ProductionTask"    | VALID

-- No record points to a user that does not exist
SELECT
  (SELECT count(*) FROM "Company" AS c
    WHERE NOT EXISTS (SELECT FROM "User" AS u WHERE u."id" = c."ownerId")) AS companies,
  (SELECT count(*) FROM "ProductionPlan" AS p
    WHERE p."createdBy" IS NOT NULL AND NOT EXISTS (SELECT FROM "User" AS u WHERE u."id" = p."createdBy")) AS plans,
  (SELECT count(*) FROM "ProductionTask" AS t
    WHERE t."assignedTo" IS NOT NULL AND NOT EXISTS (SELECT FROM "User" AS u WHERE u."id" = t."assignedTo")) AS tasks,
  (SELECT count(*) FROM "InventoryMovement" AS m
    WHERE m."createdBy" IS NOT NULL AND NOT EXISTS (SELECT FROM "User" AS u WHERE u."id" = m."createdBy")) AS movements;
-- expect: companies = 0, plans = 0, tasks = 0, movements = 0
