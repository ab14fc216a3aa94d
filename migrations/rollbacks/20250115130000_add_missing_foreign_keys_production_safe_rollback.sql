-- airlock: partial=ok

ALTER TABLE "Company" DROP CONSTRAINT IF EXISTS "Company_ownerId_fkey";
ALTER TABLE "ProductionPlan" DROP CONSTRAINT IF EXISTS "ProductionPlan_createdBy_fkey";
ALTER TABLE "ProductionTask" DROP CONSTRAINT IF EXISTS "ProductionTask_assignedTo_fkey";
ALTER TABLE "InventoryMovement" DROP CONSTRAINT IF EXISTS "InventoryMovement_createdBy_fkey";
