-- Items that are the model, any mode and status: whether the collection is somebody's bookmarks,
-- and whether the item is the first that its adding user collected. Likes that were moved into
-- bookmarks name no adding user: the collection's owner acted, and the distinct count passes over
-- them. Driven from the primary key of Model, because the index on modelId is a hash; items of
-- deleted models stay out. Rows without any time get 1970-01-01, so that they are not lost to the
-- cutoff.
SELECT m.id AS "entityId",
       COALESCE(ci."addedById", c."userId") AS "userId",
       COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') AS "createdAt",
       (c.mode = 'Bookmark') IS TRUE AS "bookmarked",
       ci."addedById" IS NOT NULL AND row_number() OVER (
           PARTITION BY m.id, ci."addedById"
           ORDER BY COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01'), ci.id
       ) = 1 AS "firstOfUser"
FROM "Model" m
JOIN "CollectionItem" ci ON ci."modelId" = m.id
LEFT JOIN "Collection" c ON c.id = ci."collectionId"
WHERE m.id >= :start
  AND m.id < :stop
  AND COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') < :until
