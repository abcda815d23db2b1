-- Fills the staging table of a second look with the source's rows before the cutoff.
INSERT INTO {stage:Identifier} (entityType, entityId, userId, metricType, metricValue, createdAt)
SELECT {entity:String}, entityId, userId, metricType, metricValue, createdAt
FROM {look:Identifier}
WHERE kind = 'row' AND createdAt < {cutoff:DateTime64(3, 'UTC')}
