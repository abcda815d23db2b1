-- What became, after the cutoff, of earlier engagements and pledges: some were taken back; pledges were topped up in
-- place, the row keeps its time.
DELETE FROM "BountyEngagement"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "bountyId", 9104) % 50 = 0;
UPDATE "BountyBenefactor" SET "unitAmount" = "unitAmount" + 25
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "bountyId", 9402) % 20 = 0;
