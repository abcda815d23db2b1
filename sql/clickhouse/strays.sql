-- Rows below the cutoffs that belong to nothing, a row a kind: an entity type or metric that no pair
-- has, or ids that no range holds ("outside"). Cutoffs are milliseconds since 1970; an entity type
-- without one has that of "other". An event and its compensation weigh nothing; where surplus is
-- compensated (append), an event of value 0 does not either.
SELECT entity, metric, outside,
       toInt64(count()) AS events,
       toInt64(min(id)) AS lowest,
       toInt64(max(id)) AS highest
FROM
(
    SELECT toString(entityType) AS entity,
           toString(metricType) AS metric,
           toInt64(entityId) AS id,
           metricValue,
           cityHash64(entityId, userId, createdAt, abs(toInt64(metricValue))) AS hash,
           if(metricValue < 0, -1, 1) AS sign,
           has({pairs:Array(String)}, concat(entity, '/', metric))
               AND (id < 0 OR id >= transform(entity, {entities:Array(String)}, {ends:Array(Int64)}, toInt64(0)))
               AND NOT arrayExists((name, first, stop) -> name = entity AND first <= id AND id < stop,
                   {extra_entities:Array(String)}, {extra_starts:Array(Int64)}, {extra_stops:Array(Int64)})
               AS outside
    FROM {target:Identifier}
    WHERE createdAt < {latest:DateTime64(3, 'UTC')}
      AND toUnixTimestamp64Milli(toDateTime64(createdAt, 3, 'UTC'))
          < transform(toString(entityType), {entities:Array(String)}, {cutoffs:Array(Int64)}, {other:Int64})
      AND NOT ({append:Bool} AND metricValue = 0)
)
WHERE outside OR NOT has({pairs:Array(String)}, concat(entity, '/', metric))
GROUP BY entity, metric, outside
HAVING sum(sign) != 0 OR sumWithOverflow(reinterpretAsInt64(hash) * sign) != 0
ORDER BY events DESC, entity, metric
LIMIT 1000
