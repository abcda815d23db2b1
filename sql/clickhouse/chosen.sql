-- Entities that differ, each with the number of its rows on all sides.
INSERT INTO {chosen:Identifier} (entityId, rows, upTo, number)
SELECT entityId, rows,
       sum(rows) OVER (ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS upTo,
       row_number() OVER (ORDER BY place) AS number
FROM
(
    SELECT entityId, count() AS rows, (sipHash64(entityId), entityId) AS place
    FROM
    (
        SELECT entityId FROM {stage:Identifier} WHERE metricType = {metric:String}
        UNION ALL
        SELECT entityId FROM {after:Identifier} WHERE metricType = {metric:String}
        UNION ALL
        SELECT entityId
        FROM {held:Identifier}
        WHERE entityType = {entity:String}
          AND metricType = {metric:String}
          AND entityId >= {start:Int64}
          AND entityId < {stop:Int64}
    )
    WHERE {below:Clause} OR {drifting:Clause}
    GROUP BY entityId
)
