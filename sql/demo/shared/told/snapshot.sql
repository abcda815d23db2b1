-- What counts of an entity type before its cutoff, by key.
INSERT INTO demo.before_life (entity, "entityId", "userId", metric, total)
SELECT e."entityType", e."entityId", e."userId", e."metricType", sum(e."metricValue")
FROM (:events) AS e
WHERE e."createdAt" < :until
GROUP BY 1, 2, 3, 4;
