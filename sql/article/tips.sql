-- Tips of existing articles. A row holds all that one user ever tipped, dated by the first tip. The
-- primary key (entityType, entityId, fromUserId) serves the range.
SELECT bt."entityId" AS "entityId",
       bt."fromUserId" AS "userId",
       bt."createdAt" AS "createdAt",
       bt.amount AS "amount"
FROM "BuzzTip" bt
JOIN "Article" a ON a.id = bt."entityId"
WHERE bt."entityType" = 'Article'
  AND bt."entityId" >= :start
  AND bt."entityId" < :stop
  AND bt."createdAt" < :until
