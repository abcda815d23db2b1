-- Benefactors who awarded the entry, at the time of the award. awardedToId is an id of
-- BountyEntry; no index serves it, the table is small.
SELECT bb."awardedToId" AS "entityId",
       bb."userId" AS "userId",
       COALESCE(bb."awardedAt", bb."updatedAt") AS "createdAt",
       bb."unitAmount" AS "unitAmount"
FROM "BountyBenefactor" bb
WHERE bb."awardedToId" >= :start
  AND bb."awardedToId" < :stop
  AND COALESCE(bb."awardedAt", bb."updatedAt") < :until
