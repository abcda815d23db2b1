-- Runs that changed a pair and range after a run did, in their order.
SELECT run, any(undoes) AS undone, min(sequence) AS number, any(user) AS who, any(host) AS machine, min(at) AS began
FROM {repairs:Identifier}
WHERE target = {target_name:String} AND entityType = {entity:String} AND metricType = {metric:String}
  AND start < {last:Int64} AND stop > {first:Int64}
  AND sequence > {number:UInt64} AND run != {run:String}
GROUP BY run
ORDER BY number, began
