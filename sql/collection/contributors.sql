-- Who may view and who may add; a NULL array of permissions passes both tests, as in legacy.
-- Rows without any time get 1970-01-01, so that they are not lost to the cutoff.
SELECT cc."collectionId" AS "entityId",
       cc."userId" AS "userId",
       COALESCE(cc."createdAt", cc."updatedAt", TIMESTAMP '1970-01-01') AS "createdAt",
       ('VIEW' = ANY (cc.permissions)) IS NOT FALSE AS "mayView",
       ('ADD' = ANY (cc.permissions)) IS NOT FALSE AS "mayAdd"
FROM "CollectionContributor" cc
WHERE cc."collectionId" >= :start
  AND cc."collectionId" < :stop
  AND COALESCE(cc."createdAt", cc."updatedAt", TIMESTAMP '1970-01-01') < :until
