-- Items that are the image, one event a row, any mode and status; the adding user is 0 once the
-- account is deleted. Driven from the primary key of Image, because the index on imageId is a hash;
-- items of deleted images stay out. Rows without any time get 1970-01-01, so that they are not lost
-- to the cutoff.
SELECT i.id AS "entityId",
       COALESCE(ci."addedById", 0) AS "userId",
       COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') AS "createdAt"
FROM "Image" i
JOIN "CollectionItem" ci ON ci."imageId" = i.id
WHERE i.id >= :start
  AND i.id < :stop
  AND COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') < :until
