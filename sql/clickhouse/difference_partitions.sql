-- The partitions of the target that missing events fall into.
SELECT DISTINCT toString({partition:Clause}) AS partition
FROM
(
    SELECT {entity:String} AS entityType, entityId, userId, metricType, magnitude AS metricValue, createdAt
    FROM {difference:Identifier}
    WHERE addPositive + addNegative > 0
)
ORDER BY partition
