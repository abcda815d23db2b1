-- Sums of the given entities as of an instant that is known to within a span, a row an entity and
-- metric: events dated before the span count ("total"), those inside of it may ("plus" and "minus",
-- both as positive numbers), later ones do not.
SELECT toInt64(entityId) AS entityId,
       toString(metricType) AS metricType,
       sumIf(toInt64(metricValue), createdAt < {sure:DateTime64(3, 'UTC')}) AS total,
       sumIf(toInt64(metricValue), createdAt >= {sure:DateTime64(3, 'UTC')} AND metricValue > 0) AS plus,
       -sumIf(toInt64(metricValue), createdAt >= {sure:DateTime64(3, 'UTC')} AND metricValue < 0) AS minus
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId IN {ids:Array(Int64)}
  AND createdAt <= {until:DateTime64(3, 'UTC')}
GROUP BY entityId, metricType
