-- What a scope that a run filled may hold at least and at most, and what it holds by the last change of that run: rows,
-- and a hash over them. Where surplus is compensated (append) rows of positive value count less the others, and the run
-- may have put in one kind before the other. Undoings of the run, which take away, are among "runs"; "untouched" says
-- that none came last.
SELECT if({append:Bool}, -toInt64(sum(lowered)), 0) AS least,
       if({append:Bool}, toInt64(sum(raised)), greatest(toInt64(max(rows)), 0)) AS most,
       toInt64(argMaxIf(rows, place, own)) AS expected,
       argMaxIf(hashed, place, own) AS hash, argMax(own, place) = 1 AS untouched
FROM
(
    SELECT place, own, raised, lowered,
           sum(added) OVER (ORDER BY place) AS rows,
           sumWithOverflow(hashes) OVER (ORDER BY place) AS hashed
    FROM
    (
        SELECT sequence AS place, max(run = {run:String}) AS own,
               sum(afterPositive - beforePositive + (afterNegative - beforeNegative) * if({append:Bool}, -1, 1)) AS added,
               sumIf(if(kind = 'scope', afterPositive, greatest(change, 0)), run = {run:String}) AS raised,
               sumIf(if(kind = 'scope', afterNegative, greatest(-change, 0)), run = {run:String}) AS lowered,
               sumWithOverflow(hash) AS hashes
        FROM
        (
            SELECT *, afterPositive - beforePositive - afterNegative + beforeNegative AS change
            FROM {repairs:Identifier}
            WHERE target = {target_name:String} AND entityType = {entity:String} AND metricType = {metric:String}
              AND run IN {runs:Array(String)}
              AND start = {first:Int64} AND stop = {last:Int64}
              AND sequence >= {until:UInt64}
        )
        GROUP BY place
    )
)
