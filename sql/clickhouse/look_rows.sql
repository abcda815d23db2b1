-- The source's rows of the keys that a second look will judge; it does not read the source again.
INSERT INTO {look:Identifier} (kind, metricType, entityId, userId, metricValue, createdAt)
SELECT 'row', metricType, entityId, userId, metricValue, createdAt
FROM
(
    SELECT metricType, entityId, userId, metricValue, createdAt FROM {stage:Identifier}
    UNION ALL
    SELECT metricType, entityId, userId, metricValue, createdAt FROM {after:Identifier}
)
WHERE ({only:Clause})
