-- Follows by the user that still stand. The primary key (userId, targetUserId) serves the range.
SELECT ue."userId" AS "entityId",
       ue."userId" AS "userId",
       ue."createdAt" AS "createdAt"
FROM "UserEngagement" ue
WHERE ue.type = 'Follow'
  AND ue."userId" >= :start
  AND ue."userId" < :stop
  AND ue."createdAt" < :until
