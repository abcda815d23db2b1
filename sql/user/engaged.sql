-- Follows and hides received that still stand; blocks are nobody's metric. No declared index
-- starts with targetUserId: see the index that doctor proposes.
SELECT ue."targetUserId" AS "entityId",
       ue."userId" AS "userId",
       ue."createdAt" AS "createdAt",
       ue.type::text AS "type"
FROM "UserEngagement" ue
WHERE ue.type IN ('Follow', 'Hide')
  AND ue."targetUserId" >= :start
  AND ue."targetUserId" < :stop
  AND ue."createdAt" < :until
