-- What a scope that a run filled may hold at most, and what it holds by the last change of that run: rows and a hash
-- over them. Undoings of the run take away; they are among "runs".
SELECT toInt64(max(rows)) AS most, toInt64(argMaxIf(rows, sequence, own)) AS rows, argMaxIf(hash, sequence, own) AS hash,
       toBool(argMax(own, sequence)) AS untouched
FROM
(
    SELECT sequence, own,
           sum(added) OVER (ORDER BY sequence) AS rows,
           sumWithOverflow(hashed) OVER (ORDER BY sequence) AS hash
    FROM
    (
        SELECT sequence, max(run = {run:String}) AS own,
               sum(afterPositive + afterNegative - beforePositive - beforeNegative) AS added,
               sumWithOverflow(hash) AS hashed
        FROM {repairs:Identifier}
        WHERE target = {target_name:String} AND entityType = {entity:String} AND metricType = {metric:String}
          AND run IN {runs:Array(String)}
          AND start = {first:Int64} AND stop = {last:Int64}
          AND sequence >= {until:UInt64}
        GROUP BY sequence
    )
)
