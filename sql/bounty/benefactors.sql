-- Who funds the bounty and with how much; the amount is as it stands now. The primary key
-- (bountyId, userId) serves the range.
SELECT bb."bountyId" AS "entityId",
       bb."userId" AS "userId",
       bb."createdAt" AS "createdAt",
       bb."unitAmount" AS "unitAmount"
FROM "BountyBenefactor" bb
WHERE bb."bountyId" >= :start
  AND bb."bountyId" < :stop
  AND bb."createdAt" < :until
