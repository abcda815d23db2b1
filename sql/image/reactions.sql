-- Reactions to existing images that still stand. The unique key that starts with imageId serves the
-- range; it is set for Image as well, so that both sides can be read in order of their keys.
SELECT r."imageId" AS "entityId",
       r."userId" AS "userId",
       r."createdAt" AS "createdAt",
       r.reaction::text AS "reaction"
FROM "ImageReaction" r
JOIN "Image" i ON i.id = r."imageId" AND i.id >= :start AND i.id < :stop
WHERE r."imageId" >= :start
  AND r."imageId" < :stop
  AND r."createdAt" < :cutoff
