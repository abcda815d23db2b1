-- Items that are the version's model, on each of its versions, as items know no version: whether
-- the collection is somebody's bookmarks, and whether the item is the first that its adding user,
-- who is not the model's owner, collected. Where no adding user is named the collection's owner
-- acted. The primary key of ModelVersion serves the range, the hash on CollectionItem.modelId the
-- join. Rows without any time get 1970-01-01, so that they are not lost to the cutoff.
SELECT mv.id AS "entityId",
       COALESCE(ci."addedById", c."userId") AS "userId",
       COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') AS "createdAt",
       (c.mode = 'Bookmark') IS TRUE AS "bookmarked",
       (ci."addedById" <> m."userId") IS TRUE AND row_number() OVER (
           PARTITION BY mv.id, ci."addedById"
           ORDER BY COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01'), ci.id
       ) = 1 AS "firstOfUser"
FROM "ModelVersion" mv
JOIN "Model" m ON m.id = mv."modelId"
JOIN "CollectionItem" ci ON ci."modelId" = m.id
LEFT JOIN "Collection" c ON c.id = ci."collectionId"
WHERE mv.id >= :start
  AND mv.id < :stop
  AND COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') < :until
