-- Items of the collection, one event a row; the adding user is 0 once the account is deleted.
-- The unique key that starts with collectionId serves the range.
SELECT ci."collectionId" AS "entityId",
       COALESCE(ci."addedById", 0) AS "userId",
       COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') AS "createdAt"
FROM "CollectionItem" ci
WHERE ci."collectionId" >= :start
  AND ci."collectionId" < :stop
  AND COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') < :until
