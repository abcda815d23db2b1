-- Gives keys and indexes of the tables of BountyEntry. Repeatable.
ALTER TABLE "BountyEntry" DROP CONSTRAINT IF EXISTS "BountyEntry_pkey",
    ADD CONSTRAINT "BountyEntry_pkey" PRIMARY KEY (id);
ALTER TABLE "BountyEntryReaction" DROP CONSTRAINT IF EXISTS "BountyEntryReaction_pkey",
    ADD CONSTRAINT "BountyEntryReaction_pkey" PRIMARY KEY ("bountyEntryId", "userId", reaction);
CREATE INDEX IF NOT EXISTS "BountyEntry_bountyId_idx"
    ON "BountyEntry" USING hash ("bountyId");
CREATE INDEX IF NOT EXISTS "BountyEntryReaction_bountyEntryId_idx"
    ON "BountyEntryReaction" USING hash ("bountyEntryId");
