-- The oracle of Collection: Follower (VIEW in permissions), Contributor (ADD), both also where
-- permissions are NULL, and Item, of every row before :until.
SELECT c."collectionId" AS "entityId", m.name AS "metricType", m.total, m.total AS events
FROM (
    SELECT "collectionId",
           count(*) FILTER (WHERE permissions IS NULL OR permissions @> '{VIEW}') AS followers,
           count(*) FILTER (WHERE permissions IS NULL OR permissions @> '{ADD}') AS contributors
    FROM "CollectionContributor"
    WHERE coalesce("createdAt", "updatedAt", TIMESTAMP '1970-01-01') < :until
    GROUP BY "collectionId"
) AS c
CROSS JOIN LATERAL (VALUES ('Follower', followers), ('Contributor', contributors)) AS m
    (name, total)
WHERE m.total > 0
UNION ALL
SELECT "collectionId", 'Item', count(*), count(*)
FROM "CollectionItem"
WHERE coalesce("createdAt", "updatedAt", TIMESTAMP '1970-01-01') < :until
GROUP BY "collectionId";
