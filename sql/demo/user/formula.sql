-- The oracle of User: Following, Follower, Hidden and Review per user, of every row before :until.
SELECT e."userId" AS "entityId", 'Following' AS "metricType", count(*) AS total, count(*) AS events
FROM "UserEngagement" e
WHERE e.type = 'Follow' AND e."createdAt" < :until
GROUP BY e."userId"
UNION ALL
SELECT e."targetUserId", m.name, m.total, m.total
FROM (
    SELECT "targetUserId", count(*) FILTER (WHERE type = 'Follow') AS follows, count(*)
        FILTER (WHERE type = 'Hide') AS hides
    FROM "UserEngagement"
    WHERE "createdAt" < :until
    GROUP BY "targetUserId"
) AS e
CROSS JOIN LATERAL (VALUES ('Follower', follows), ('Hidden', hides)) AS m (name, total)
WHERE m.total > 0
UNION ALL
SELECT r."userId", 'Review', count(*), count(*)
FROM "ResourceReview" r
WHERE r."createdAt" < :until
  AND r."modelVersionId" IN (SELECT id FROM "ModelVersion" WHERE status = 'Published')
GROUP BY r."userId";
