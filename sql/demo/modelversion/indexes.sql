-- Gives keys and indexes of the tables of ModelVersion. Repeatable.
ALTER TABLE "ModelVersion" DROP CONSTRAINT IF EXISTS "ModelVersion_pkey",
    ADD CONSTRAINT "ModelVersion_pkey" PRIMARY KEY (id);
ALTER TABLE "Donation" DROP CONSTRAINT IF EXISTS "Donation_pkey",
    ADD CONSTRAINT "Donation_pkey" PRIMARY KEY (id);
ALTER TABLE "DonationGoal" DROP CONSTRAINT IF EXISTS "DonationGoal_pkey",
    ADD CONSTRAINT "DonationGoal_pkey" PRIMARY KEY (id);
CREATE INDEX IF NOT EXISTS "ModelVersion_modelId_idx"
    ON "ModelVersion" USING hash ("modelId");
