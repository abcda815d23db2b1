-- Removes surplus rows by part and position; the scope is repeated so that nothing outside it can ever
-- be hit. As a patch part where the table allows it, else as a mutation of every part.
DELETE FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt < {cutoff:DateTime64(3, 'UTC')}
  AND (_part, _part_offset) IN (SELECT part, position FROM {surplus:Identifier})
