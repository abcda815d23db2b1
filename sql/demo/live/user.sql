-- Live events of User from :cutoff on (Postgres part).
SELECT 'User' AS "entityType", e."userId" AS "entityId", e."userId", 'Following' AS "metricType",
    1 AS "metricValue", e."createdAt"
FROM "UserEngagement" e
WHERE e.type = 'Follow' AND e."createdAt" >= :cutoff
UNION ALL
SELECT 'User', e."targetUserId", e."userId", CASE e.type WHEN 'Follow' THEN 'Follower' ELSE 'Hidden'
    END, 1, e."createdAt"
FROM "UserEngagement" e
WHERE e.type <> 'Block' AND e."createdAt" >= :cutoff
UNION ALL
SELECT 'User', r."userId", r."userId", 'Review', 1, r."createdAt"
FROM "ResourceReview" r
JOIN "ModelVersion" v ON v.id = r."modelVersionId"
WHERE v.status = 'Published' AND r."createdAt" >= :cutoff
ORDER BY 2, 4, 6, 3;
