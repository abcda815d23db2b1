-- Reactions that still stand, on the images that belong to the post today; unpublished posts count.
-- The primary key of Post serves the range, the hash on Image.postId and the unique key of
-- ImageReaction that starts with imageId the joins.
SELECT p.id AS "entityId",
       r."userId" AS "userId",
       r."createdAt" AS "createdAt",
       r.reaction::text AS "reaction"
FROM "Post" p
JOIN "Image" i ON i."postId" = p.id
JOIN "ImageReaction" r ON r."imageId" = i.id
WHERE p.id >= :start
  AND p.id < :stop
  AND r."createdAt" < :until
