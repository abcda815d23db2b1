-- Tips of existing models, and donations to goals of their versions. A tip row holds all that one
-- user ever tipped, dated by the first tip. The primary key (entityType, entityId, fromUserId) of
-- BuzzTip serves the range; donations and their goals are small tables without an index for it.
SELECT bt."entityId" AS "entityId",
       bt."fromUserId" AS "userId",
       bt."createdAt" AS "createdAt",
       bt.amount AS "amount"
FROM "BuzzTip" bt
JOIN "Model" m ON m.id = bt."entityId"
WHERE bt."entityType" = 'Model'
  AND bt."entityId" >= :start
  AND bt."entityId" < :stop
  AND bt."createdAt" < :until
UNION ALL
SELECT mv."modelId" AS "entityId",
       d."userId" AS "userId",
       d."createdAt" AS "createdAt",
       d.amount AS "amount"
FROM "Donation" d
JOIN "DonationGoal" dg ON dg.id = d."donationGoalId"
JOIN "ModelVersion" mv ON mv.id = dg."modelVersionId"
WHERE mv."modelId" >= :start
  AND mv."modelId" < :stop
  AND d."createdAt" < :until
