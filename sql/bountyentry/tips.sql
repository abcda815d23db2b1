-- Tips of existing entries, under both spellings of the entity type. The primary key
-- (entityType, entityId, fromUserId) serves the range.
SELECT bt."entityId" AS "entityId",
       bt."fromUserId" AS "userId",
       bt."createdAt" AS "createdAt",
       bt.amount AS "amount"
FROM "BuzzTip" bt
JOIN "BountyEntry" be ON be.id = bt."entityId"
WHERE bt."entityType" IN ('BountyEntry', 'bountyEntry')
  AND bt."entityId" >= :start
  AND bt."entityId" < :stop
  AND bt."createdAt" < :until
