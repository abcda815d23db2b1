-- What became of tips and pledges of before the cutoff: topped up in place, the row keeps its time.
UPDATE "BuzzTip" SET amount = amount + 50
WHERE "createdAt" < :cutoff AND demo.h("fromUserId" * 1000003::bigint + "entityId", 9401) % 20 = 0;
UPDATE "BountyBenefactor" SET "unitAmount" = "unitAmount" + 25
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "bountyId", 9402) % 20 = 0;
