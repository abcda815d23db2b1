-- By hour, what live events lack (above 0) or have too many (below 0) for keys of entities with live drift:
-- source rows of the hour less live events of the hour. The hours with most of it, in their order.
SELECT metricType, hour, net
FROM
(
    SELECT toString(metricType) AS metricType, toDateTime64(toStartOfHour(toDateTime64(createdAt, 3, 'UTC')), 3, 'UTC') AS hour, sum(value) AS net
    FROM
    (
        SELECT metricType, entityId, userId, createdAt, toInt64(metricValue) AS value
        FROM {after:Identifier}
        UNION ALL
        SELECT metricType, entityId, userId, createdAt, -toInt64(metricValue) AS value
        FROM {held:Identifier}
        WHERE entityType = {entity:String}
          AND metricType IN {metrics:Array(String)}
          AND entityId >= {start:Int64}
          AND entityId < {stop:Int64}
          AND createdAt >= {cutoff:DateTime64(3, 'UTC')}
          AND createdAt <= {until:DateTime64(3, 'UTC')}
    )
    WHERE (metricType, entityId, userId) IN
          (SELECT metricType, entityId, userId FROM {judged:Identifier} WHERE NOT earlier AND rest != 0 AND NOT whole)
       OR (metricType, entityId) IN (SELECT metricType, entityId FROM {judged:Identifier} WHERE NOT earlier AND rest != 0 AND whole)
    GROUP BY metricType, hour
    HAVING net != 0
    ORDER BY abs(net) DESC, hour
    LIMIT {hours:UInt32} BY metricType
)
ORDER BY metricType, hour
