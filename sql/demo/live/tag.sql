-- Live events of Tag from :cutoff on.
SELECT 'Tag' AS "entityType", e."tagId" AS "entityId", e."userId", CASE e.type WHEN 'Follow'
    THEN 'Follower' ELSE 'Hidden' END AS "metricType",
       1 AS "metricValue", e."createdAt"
FROM "TagEngagement" e
WHERE e.type <> 'Allow' AND e."createdAt" >= :cutoff
ORDER BY 2, 4, 6, 3;
