-- The recipe application's schema as it stood before the migrations of January 2025.
-- Table and column names are those that Prisma gives: mixed case, so quoted everywhere.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TYPE "UserRole" AS ENUM ('OWNER', 'MANAGER', 'CHEF', 'VIEWER');
CREATE TYPE "Unit" AS ENUM ('g', 'kg', 'ml', 'l', 'each');
CREATE TYPE "MovementType" AS ENUM ('PURCHASE', 'USAGE', 'WASTE', 'ADJUSTMENT');
CREATE TYPE "TaskStatus" AS ENUM ('TODO', 'IN_PROGRESS', 'DONE');
CREATE TYPE "OrderStatus" AS ENUM ('DRAFT', 'CONFIRMED', 'DISPATCHED', 'DELIVERED', 'CANCELLED');

-- "ownerId" has no foreign key yet.
CREATE TABLE "Company" (
  "id" serial NOT NULL,
  "name" text NOT NULL,
  "slug" text NOT NULL,
  "ownerId" text NOT NULL,
  "currency" char(3) NOT NULL DEFAULT 'GBP',
  "settings" jsonb NOT NULL DEFAULT '{}',
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Company_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Company_slug_key" ON "Company" ("slug");

CREATE TABLE "User" (
  "id" text NOT NULL,
  "email" text NOT NULL,
  "name" text,
  "role" "UserRole" NOT NULL DEFAULT 'VIEWER',
  "companyId" integer,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "User_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "User_companyId_fkey" FOREIGN KEY ("companyId")
    REFERENCES "Company" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "User_email_key" ON "User" ("email");

CREATE TABLE "RecipeCategory" (
  "id" serial NOT NULL,
  "companyId" integer NOT NULL,
  "name" text NOT NULL,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "RecipeCategory_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "RecipeCategory_companyId_fkey" FOREIGN KEY ("companyId")
    REFERENCES "Company" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
-- One category whatever its spelling: "Mains" and "mains" are the same.
CREATE UNIQUE INDEX "RecipeCategory_companyId_name_key" ON "RecipeCategory" ("companyId", lower("name"));

CREATE TABLE "Ingredient" (
  "id" serial NOT NULL,
  "companyId" integer NOT NULL,
  "name" text NOT NULL,
  "supplier" text,
  "packQuantity" numeric(12, 3) NOT NULL,
  "packUnit" "Unit" NOT NULL DEFAULT 'g',
  "packPrice" numeric(10, 2) NOT NULL,
  "allergens" text[] NOT NULL DEFAULT '{}',
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Ingredient_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Ingredient_companyId_fkey" FOREIGN KEY ("companyId")
    REFERENCES "Company" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "Ingredient_companyId_idx" ON "Ingredient" ("companyId");

-- The category is typed in by hand ("category"); "categoryId" is there, and nothing fills it yet.
CREATE TABLE "Recipe" (
  "id" serial NOT NULL,
  "companyId" integer NOT NULL,
  "name" text NOT NULL,
  "description" text,
  "method" text,
  "category" text,
  "categoryId" integer,
  "yieldQuantity" numeric(10, 3) NOT NULL,
  "yieldUnit" "Unit" NOT NULL DEFAULT 'each',
  "sellingPrice" numeric(10, 2),
  "imageUrl" text,
  "nutrition" jsonb,
  "isArchived" boolean NOT NULL DEFAULT false,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Recipe_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Recipe_companyId_fkey" FOREIGN KEY ("companyId")
    REFERENCES "Company" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "Recipe_categoryId_fkey" FOREIGN KEY ("categoryId")
    REFERENCES "RecipeCategory" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE INDEX "Recipe_companyId_idx" ON "Recipe" ("companyId");

CREATE TABLE "RecipeSection" (
  "id" serial NOT NULL,
  "recipeId" integer NOT NULL,
  "title" text NOT NULL,
  "order" integer NOT NULL DEFAULT 0,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "RecipeSection_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "RecipeSection_recipeId_fkey" FOREIGN KEY ("recipeId")
    REFERENCES "Recipe" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "RecipeItem" (
  "id" serial NOT NULL,
  "recipeId" integer NOT NULL,
  "sectionId" integer,
  "ingredientId" integer NOT NULL,
  "quantity" numeric(12, 3) NOT NULL,
  "unit" "Unit" NOT NULL DEFAULT 'g',
  "note" text,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "RecipeItem_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "RecipeItem_recipeId_fkey" FOREIGN KEY ("recipeId")
    REFERENCES "Recipe" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "RecipeItem_sectionId_fkey" FOREIGN KEY ("sectionId")
    REFERENCES "RecipeSection" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
  CONSTRAINT "RecipeItem_ingredientId_fkey" FOREIGN KEY ("ingredientId")
    REFERENCES "Ingredient" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE INDEX "RecipeItem_recipeId_idx" ON "RecipeItem" ("recipeId");

-- "createdBy" has no foreign key yet.
CREATE TABLE "ProductionPlan" (
  "id" serial NOT NULL,
  "companyId" integer NOT NULL,
  "name" text NOT NULL,
  "startDate" date NOT NULL,
  "endDate" date NOT NULL,
  "createdBy" text,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "ProductionPlan_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "ProductionPlan_companyId_fkey" FOREIGN KEY ("companyId")
    REFERENCES "Company" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- "assignedTo" has no foreign key yet.
CREATE TABLE "ProductionTask" (
  "id" serial NOT NULL,
  "planId" integer NOT NULL,
  "recipeId" integer NOT NULL,
  "quantity" numeric(10, 3) NOT NULL,
  "status" "TaskStatus" NOT NULL DEFAULT 'TODO',
  "assignedTo" text,
  "dueDate" date,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "ProductionTask_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "ProductionTask_planId_fkey" FOREIGN KEY ("planId")
    REFERENCES "ProductionPlan" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "ProductionTask_recipeId_fkey" FOREIGN KEY ("recipeId")
    REFERENCES "Recipe" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "ProductionTask_planId_idx" ON "ProductionTask" ("planId");

CREATE TABLE "ProductionHistory" (
  "id" bigserial NOT NULL,
  "companyId" integer NOT NULL,
  "recipeId" integer NOT NULL,
  "quantityProduced" numeric(12, 3) NOT NULL,
  "productionDate" date NOT NULL,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "ProductionHistory_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "ProductionHistory_companyId_fkey" FOREIGN KEY ("companyId")
    REFERENCES "Company" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "ProductionHistory_recipeId_fkey" FOREIGN KEY ("recipeId")
    REFERENCES "Recipe" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- "createdBy" has no foreign key yet.
CREATE TABLE "InventoryMovement" (
  "id" bigserial NOT NULL,
  "companyId" integer NOT NULL,
  "ingredientId" integer NOT NULL,
  "type" "MovementType" NOT NULL,
  "quantity" numeric(12, 3) NOT NULL,
  "reason" text,
  "createdBy" text,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "InventoryMovement_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "InventoryMovement_companyId_fkey" FOREIGN KEY ("companyId")
    REFERENCES "Company" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "InventoryMovement_ingredientId_fkey" FOREIGN KEY ("ingredientId")
    REFERENCES "Ingredient" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "SalesRecord" (
  "id" bigserial NOT NULL,
  "companyId" integer NOT NULL,
  "recipeId" integer,
  "quantity" integer NOT NULL,
  "revenue" numeric(12, 2) NOT NULL,
  "saleDate" timestamp(3) NOT NULL,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "SalesRecord_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "SalesRecord_companyId_fkey" FOREIGN KEY ("companyId")
    REFERENCES "Company" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "SalesRecord_recipeId_fkey" FOREIGN KEY ("recipeId")
    REFERENCES "Recipe" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);

CREATE TABLE "Notification" (
  "id" uuid NOT NULL DEFAULT gen_random_uuid(),
  "userId" text NOT NULL,
  "title" text NOT NULL,
  "body" text,
  "read" boolean NOT NULL DEFAULT false,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Notification_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Notification_userId_fkey" FOREIGN KEY ("userId")
    REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "WholesaleOrder" (
  "id" serial NOT NULL,
  "companyId" integer NOT NULL,
  "customer" text NOT NULL,
  "status" "OrderStatus" NOT NULL DEFAULT 'DRAFT',
  "deliveryDate" date,
  "total" numeric(12, 2) NOT NULL DEFAULT 0,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "WholesaleOrder_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "WholesaleOrder_companyId_fkey" FOREIGN KEY ("companyId")
    REFERENCES "Company" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
