-- Live events of Collection from :cutoff on. NULL times are the sentinel, so never live.
SELECT 'Collection' AS "entityType", c."collectionId" AS "entityId", c."userId",
    m.name AS "metricType", 1 AS "metricValue",
       coalesce(c."createdAt", c."updatedAt") AS "createdAt"
FROM "CollectionContributor" c
CROSS JOIN LATERAL (
    VALUES ('Follower', c.permissions IS NULL OR c.permissions @> '{VIEW}'),
           ('Contributor', c.permissions IS NULL OR c.permissions @> '{ADD}')
) AS m (name, counts)
WHERE m.counts AND coalesce(c."createdAt", c."updatedAt") >= :cutoff
UNION ALL
SELECT 'Collection', i."collectionId", coalesce(i."addedById", 0), 'Item', 1,
    coalesce(i."createdAt", i."updatedAt")
FROM "CollectionItem" i
WHERE coalesce(i."createdAt", i."updatedAt") >= :cutoff
ORDER BY 2, 4, 6, 3;
