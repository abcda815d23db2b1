-- Where to cut the ids of a range, so that a run has changed about "most" keys in each portion.
SELECT min(entityId) AS first
FROM
(
    SELECT entityId, intDiv(sum(keys) OVER (ORDER BY entityId) - keys, {most:UInt64}) AS portion
    FROM
    (
        SELECT entityId, count() AS keys
        FROM {repairs:Identifier}
        WHERE target = {target_name:String} AND entityType = {entity:String} AND metricType = {metric:String}
          AND run = {run:String} AND kind != 'scope'
          AND start = {first:Int64} AND stop = {last:Int64}
        GROUP BY entityId
    )
)
GROUP BY portion
ORDER BY first
