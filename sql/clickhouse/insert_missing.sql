-- Adds what is missing, as many copies of each event as the difference says: all of it, or what falls
-- into a portion of the target's partitions.
INSERT INTO {target:Identifier} (entityType, entityId, userId, metricType, metricValue, createdAt)
SELECT entityType, entityId, userId, metricType, metricValue, createdAt
FROM
(
    SELECT {entity:String} AS entityType, entityId, userId, metricType, value AS metricValue, createdAt
    FROM {difference:Identifier}
    ARRAY JOIN arrayConcat(
        arrayWithConstant(toUInt32(addPositive), magnitude),
        arrayWithConstant(toUInt32(addNegative), -magnitude)
    ) AS value
    WHERE addPositive + addNegative > 0
)
WHERE empty({portion:Array(String)}) OR toString({partition:Clause}) IN {portion:Array(String)}
