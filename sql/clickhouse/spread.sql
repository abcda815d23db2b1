-- How many partitions of the target three years of events before the cutoff fall into, one a day,
-- spread over the ids of a scope. Nothing is read.
SELECT toInt64(uniqExact(toString({partition:Clause}))) AS partitions
FROM
(
    SELECT {entity:String} AS entityType,
           {start:Int64} + intDiv(toInt64(number) * ({stop:Int64} - {start:Int64} - 1), 1095) AS entityId,
           toInt64(0) AS userId,
           {metric:String} AS metricType,
           toInt64(1) AS metricValue,
           {cutoff:DateTime64(3, 'UTC')} - INTERVAL number + 1 DAY AS createdAt
    FROM numbers(1096)
)
