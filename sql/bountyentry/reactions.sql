-- Reactions to the entry that still stand. The primary key starts with bountyEntryId.
SELECT r."bountyEntryId" AS "entityId",
       r."userId" AS "userId",
       r."createdAt" AS "createdAt",
       r.reaction::text AS "reaction"
FROM "BountyEntryReaction" r
WHERE r."bountyEntryId" >= :start
  AND r."bountyEntryId" < :stop
  AND r."createdAt" < :until
