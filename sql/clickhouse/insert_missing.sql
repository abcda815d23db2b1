-- Adds what is missing, as many copies of each event as the difference says.
INSERT INTO {target:Identifier} (entityType, entityId, userId, metricType, metricValue, createdAt)
SELECT {entity:String}, entityId, userId, metricType, value, createdAt
FROM {difference:Identifier}
ARRAY JOIN arrayConcat(
    arrayWithConstant(toUInt32(addPositive), magnitude),
    arrayWithConstant(toUInt32(addNegative), -magnitude)
) AS value
WHERE addPositive + addNegative > 0
