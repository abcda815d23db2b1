-- And the table beside it with those from the cutoff on.
INSERT INTO {after:Identifier} (entityType, entityId, userId, metricType, metricValue, createdAt)
SELECT {entity:String}, entityId, userId, metricType, metricValue, createdAt
FROM {look:Identifier}
WHERE kind = 'row' AND createdAt >= {cutoff:DateTime64(3, 'UTC')}
