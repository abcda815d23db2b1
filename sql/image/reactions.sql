-- Reactions to existing images that still stand. The unique key that starts with imageId serves the
-- range; it is set for Image as well, so that both sides can be read in order of their keys. The kind
-- is a number, because this is the largest table: looking up names of the enum would take the server
-- a fifth of its time. A kind that has no number here is nobody's metric.
SELECT r."imageId" AS "entityId",
       r."userId" AS "userId",
       r."createdAt" AS "createdAt",
       CASE r.reaction
           WHEN 'Like' THEN 1
           WHEN 'Dislike' THEN 2
           WHEN 'Laugh' THEN 3
           WHEN 'Cry' THEN 4
           WHEN 'Heart' THEN 5
       END AS "reaction"
FROM "ImageReaction" r
JOIN "Image" i ON i.id = r."imageId" AND i.id >= :start AND i.id < :stop
WHERE r."imageId" >= :start
  AND r."imageId" < :stop
  AND r."createdAt" < :until
