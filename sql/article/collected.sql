-- Items that are an existing article, any mode and status. Every item counts as collected, by its
-- adding user, 0 once the account is deleted; an item among somebody's bookmarks of articles is
-- returned once more as a bookmark, by the collection's owner if no adding user is named. Rows
-- without any time get 1970-01-01, so that they are not lost to the cutoff. No declared index starts
-- with articleId: see the index that doctor proposes.
SELECT ci."articleId" AS "entityId",
       act."userId" AS "userId",
       COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') AS "createdAt",
       act.bookmark AS "bookmark"
FROM "CollectionItem" ci
JOIN "Article" a ON a.id = ci."articleId"
LEFT JOIN "Collection" c ON c.id = ci."collectionId"
CROSS JOIN LATERAL (
    SELECT FALSE AS bookmark, COALESCE(ci."addedById", 0) AS "userId"
    UNION ALL
    SELECT TRUE, COALESCE(ci."addedById", c."userId")
    WHERE c.mode = 'Bookmark' AND c.type = 'Article'
) AS act
WHERE ci."articleId" >= :start
  AND ci."articleId" < :stop
  AND COALESCE(ci."createdAt", ci."updatedAt", TIMESTAMP '1970-01-01') < :until
