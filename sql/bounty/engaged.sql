-- Favourites and tracks of the bounty. The btree on bountyId serves the range.
SELECT be."bountyId" AS "entityId",
       be."userId" AS "userId",
       be."createdAt" AS "createdAt",
       be.type::text AS "type"
FROM "BountyEngagement" be
WHERE be."bountyId" >= :start
  AND be."bountyId" < :stop
  AND be."createdAt" < :until
