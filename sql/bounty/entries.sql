-- Entries of the bounty; the user is 0 once the account is deleted. Driven from the primary key
-- of Bounty, because the index on bountyId is a hash.
SELECT b.id AS "entityId",
       COALESCE(be."userId", 0) AS "userId",
       be."createdAt" AS "createdAt"
FROM "Bounty" b
JOIN "BountyEntry" be ON be."bountyId" = b.id
WHERE b.id >= :start
  AND b.id < :stop
  AND be."createdAt" < :until
