-- Removes all that a scope holds of one metric, which a run had put there while it held nothing. It names an empty
-- private table: where that is gone another attempt has taken over, and nothing may be removed any more.
DELETE FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType = {metric:String}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt < {cutoff:DateTime64(3, 'UTC')}
  AND (_part, _part_offset) NOT IN (SELECT part, position FROM {surplus:Identifier})
