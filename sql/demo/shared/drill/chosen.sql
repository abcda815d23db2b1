-- Events that a drill may damage, those of the fullest cell of the grid first, in the order of entities: each is the
-- only one of its entity and user, counts 1, and lies from {since} until before {until}. So many ids at the {edge} of a
-- cell are left alone: damage there looks like a border that is off by one.
SELECT entityId, userId
FROM (
    SELECT entityId, userId, intDiv(entityId, {size:Int64}) AS cell
    FROM {target:Identifier}
    WHERE entityType = {entity:String} AND metricType = {metric:String} AND entityId >= 0
    GROUP BY entityId, userId
    HAVING count() = 1 AND sum(metricValue) = 1
       AND min(createdAt) >= toDateTime64({since:Int64}, 3, 'UTC')
       AND min(createdAt) < toDateTime64({until:Int64}, 3, 'UTC')
       AND entityId % {size:Int64} BETWEEN {edge:Int64} AND {size:Int64} - 1 - {edge:Int64}
)
ORDER BY count() OVER (PARTITION BY cell) DESC, cell, entityId, userId
LIMIT {rows:Int64};
