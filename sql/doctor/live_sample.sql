-- Ids of an entity type, from one on, that hold a few thousand live events of some metrics; no row where
-- there is none.
SELECT toInt64(min(id)) AS start, toInt64(max(id)) + 1 AS stop
FROM
(
    SELECT entityId AS id
    FROM {target:Identifier}
    WHERE entityType = {entity:String}
      AND metricType IN {metrics:Array(String)}
      AND entityId >= {from:Int64}
      AND createdAt >= {cutoff:DateTime64(3, 'UTC')}
    ORDER BY entityType, entityId
    LIMIT {events:UInt32}
)
HAVING count() > 0
