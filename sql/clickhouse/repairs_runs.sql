-- The runs that changed a target, newest first, and how much each of them changed.
SELECT run, any(undoes) AS undone, min(at) AS began, max(at) AS ended,
       any(user) AS who, any(host) AS machine, any(command) AS called,
       arraySort(groupUniqArray(concat(entityType, '/', metricType))) AS pairs,
       toInt64(uniqExact(entityType, metricType, start, stop)) AS ranges,
       toInt64(sum(greatest(afterPositive - beforePositive, 0) + greatest(afterNegative - beforeNegative, 0))) AS inserted,
       toInt64(sum(greatest(beforePositive - afterPositive, 0) + greatest(beforeNegative - afterNegative, 0))) AS removed
FROM {repairs:Identifier}
WHERE target = {target_name:String} AND startsWith(run, {beginning:String})
GROUP BY run
ORDER BY ended DESC, run
LIMIT {limit:UInt64}
