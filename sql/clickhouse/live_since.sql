-- A row if any event of these metrics is dated at or after an instant.
SELECT 1 AS live
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND createdAt >= {since:DateTime64(3, 'UTC')}
LIMIT 1
