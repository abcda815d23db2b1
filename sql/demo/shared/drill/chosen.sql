-- Events that a drill may damage, those of the fullest cell of the grid first, in the order of entities: each is the
-- only one of its entity and user, counts 1, and lies from {since} until before {until}. Below the cutoff the ids at
-- the ends of a cell are left alone: damage there looks like a border that is off by one. Live events are taken of
-- entities that none was taken back of and that have none near the cutoff: such events and rows of the source count
-- the same thing, and a load would set that off against what is lost.
SELECT entityId, userId
FROM (
    SELECT entityId, userId, intDiv(entityId, {size:Int64}) AS cell
    FROM {target:Identifier}
    WHERE entityType = {entity:String} AND metricType = {metric:String} AND entityId >= 0
      AND ({live:Bool} OR entityId % {size:Int64} BETWEEN 1 AND {size:Int64} - 2)
      AND (NOT {live:Bool} OR entityId NOT IN (
          SELECT entityId
          FROM {target:Identifier}
          WHERE entityType = {entity:String} AND metricType = {metric:String}
            AND (metricValue < 1 OR abs(toUnixTimestamp(createdAt) - {cutoff:Int64}) < {margin:Int64})))
    GROUP BY entityId, userId
    HAVING count() = 1 AND sum(metricValue) = 1
       AND min(createdAt) >= toDateTime64({since:Int64}, 3, 'UTC')
       AND min(createdAt) < toDateTime64({until:Int64}, 3, 'UTC')
)
ORDER BY count() OVER (PARTITION BY cell) DESC, cell, entityId, userId
LIMIT {rows:Int64};
