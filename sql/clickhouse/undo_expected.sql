-- What a scope that a run filled may hold at most, and what it holds by the last change of that run: rows, and a hash
-- over them. Undoings of the run, which take away, are among "runs"; "untouched" says that none came last.
SELECT toInt64(max(rows)) AS most, toInt64(argMaxIf(rows, place, own)) AS expected,
       argMaxIf(hashed, place, own) AS hash, argMax(own, place) = 1 AS untouched
FROM
(
    SELECT place, own,
           sum(added) OVER (ORDER BY place) AS rows,
           sumWithOverflow(hashes) OVER (ORDER BY place) AS hashed
    FROM
    (
        SELECT sequence AS place, max(run = {run:String}) AS own,
               sum(afterPositive + afterNegative - beforePositive - beforeNegative) AS added,
               sumWithOverflow(hash) AS hashes
        FROM {repairs:Identifier}
        WHERE target = {target_name:String} AND entityType = {entity:String} AND metricType = {metric:String}
          AND run IN {runs:Array(String)}
          AND start = {first:Int64} AND stop = {last:Int64}
          AND sequence >= {until:UInt64}
        GROUP BY place
    )
)
