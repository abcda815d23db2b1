-- Cells of a grid, numbered from 0, in which the target holds rows of these metrics below the cutoff:
-- a row a metric and cell. Asked for what was never materialized.
SELECT toString(metricType) AS metric,
       toInt64(floor(entityId / {size:Int64})) AS cell,
       toInt64(count()) AS events
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt < {cutoff:DateTime64(3, 'UTC')}
GROUP BY metric, cell
