-- Follows and hides of the tag; the deprecated type Allow is nobody's metric. The primary key
-- starts with userId: see the index that doctor proposes.
SELECT te."tagId" AS "entityId",
       te."userId" AS "userId",
       te."createdAt" AS "createdAt",
       te.type::text AS "type"
FROM "TagEngagement" te
WHERE te.type IN ('Hide', 'Follow')
  AND te."tagId" >= :start
  AND te."tagId" < :stop
  AND te."createdAt" < :until
