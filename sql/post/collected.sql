-- Items that are the post, one event a row, any mode and status; the adding user is 0 once the
-- account is deleted. Items of deleted posts stay out. Rows without any time get 1970-01-01, so
-- that they are not lost to the cutoff. No declared index starts with postId: see the index that
-- doctor proposes.
SELECT ci."postId" AS "entityId",
       COALESCE(ci."addedById", 0) AS "userId",
       COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') AS "createdAt"
FROM "CollectionItem" ci
JOIN "Post" p ON p.id = ci."postId"
WHERE ci."postId" >= :start
  AND ci."postId" < :stop
  AND COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') < :until
