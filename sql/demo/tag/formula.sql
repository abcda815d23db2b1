-- The oracle of Tag: Follower and Hidden per tag, of every row before :until. Allow counts nowhere.
SELECT e."tagId" AS "entityId", m.name AS "metricType", m.total, m.total AS events
FROM (
    SELECT "tagId", count(*) FILTER (WHERE type = 'Follow') AS follows, count(*)
        FILTER (WHERE type = 'Hide') AS hides
    FROM "TagEngagement"
    WHERE "createdAt" < :until
    GROUP BY "tagId"
) AS e
CROSS JOIN LATERAL (VALUES ('Follower', follows), ('Hidden', hides)) AS m (name, total)
WHERE m.total > 0;
