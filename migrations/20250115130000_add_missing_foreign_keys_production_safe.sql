-- airlock: expect_duration="1-2 minutes" lock_impact="Low (uses NOT VALID pattern)"

-- Four references to "User" that nothing enforced. Added NOT VALID, so that no row is read while the tables are locked;
-- existing rows are checked afterwards, while the application goes on reading and writing.

ALTER TABLE "Company"
  DROP CONSTRAINT IF EXISTS "Company_ownerId_fkey",
  ADD CONSTRAINT "Company_ownerId_fkey"
    FOREIGN KEY ("ownerId") REFERENCES "User" ("id") ON DELETE RESTRICT ON UPDATE CASCADE NOT VALID;

ALTER TABLE "ProductionPlan"
  DROP CONSTRAINT IF EXISTS "ProductionPlan_createdBy_fkey",
  ADD CONSTRAINT "ProductionPlan_createdBy_fkey"
    FOREIGN KEY ("createdBy") REFERENCES "User" ("id") ON DELETE SET NULL ON UPDATE CASCADE NOT VALID;

ALTER TABLE "ProductionTask"
  DROP CONSTRAINT IF EXISTS "ProductionTask_assignedTo_fkey",
  ADD CONSTRAINT "ProductionTask_assignedTo_fkey"
    FOREIGN KEY ("assignedTo") REFERENCES "User" ("id") ON DELETE SET NULL ON UPDATE CASCADE NOT VALID;

ALTER TABLE "InventoryMovement"
  DROP CONSTRAINT IF EXISTS "InventoryMovement_createdBy_fkey",
  ADD CONSTRAINT "InventoryMovement_createdBy_fkey"
    FOREIGN KEY ("createdBy") REFERENCES "User" ("id") ON DELETE SET NULL ON UPDATE CASCADE NOT VALID;

ALTER TABLE "Company" VALIDATE CONSTRAINT "Company_ownerId_fkey";
ALTER TABLE "ProductionPlan" VALIDATE CONSTRAINT "ProductionPlan_createdBy_fkey";
ALTER TABLE "ProductionTask" VALIDATE CONSTRAINT "ProductionTask_assignedTo_fkey";
ALTER TABLE "InventoryMovement" VALIDATE CONSTRAINT "InventoryMovement_createdBy_fkey";
