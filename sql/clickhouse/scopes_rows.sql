-- What the target holds in some scopes of an entity type, row by row, live events too; not more than a number
-- of rows.
SELECT metricType, entityId, userId, metricValue, toDateTime64(createdAt, 3, 'UTC') AS createdAt
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND ({chosen:Clause})
LIMIT {limit:UInt64}
