-- Gives keys and indexes of the tables of Bounty. Repeatable.
ALTER TABLE "Bounty" DROP CONSTRAINT IF EXISTS "Bounty_pkey",
    ADD CONSTRAINT "Bounty_pkey" PRIMARY KEY (id);
ALTER TABLE "BountyEngagement" DROP CONSTRAINT IF EXISTS "BountyEngagement_pkey",
    ADD CONSTRAINT "BountyEngagement_pkey" PRIMARY KEY (type, "bountyId", "userId");
ALTER TABLE "BountyBenefactor" DROP CONSTRAINT IF EXISTS "BountyBenefactor_pkey",
    ADD CONSTRAINT "BountyBenefactor_pkey" PRIMARY KEY ("bountyId", "userId");
CREATE INDEX IF NOT EXISTS "BountyEngagement_bountyId_idx"
    ON "BountyEngagement" ("bountyId");
CREATE INDEX IF NOT EXISTS "BountyEngagement_userId_idx"
    ON "BountyEngagement" USING hash ("userId");
CREATE INDEX IF NOT EXISTS "BountyBenefactor_bountyId_idx"
    ON "BountyBenefactor" USING hash ("bountyId");
CREATE INDEX IF NOT EXISTS "BountyBenefactor_userId_idx"
    ON "BountyBenefactor" USING hash ("userId");
