-- Ranges that runs changed after a run had changed the same pair there, in their order.
SELECT run, start AS lowest, stop AS highest, any(undoes) AS undone, any(user) AS who, any(host) AS machine,
       min(at) AS began, min(sequence) AS earliest, max(sequence) AS latest
FROM {repairs:Identifier}
WHERE target = {target_name:String} AND entityType = {entity:String} AND metricType = {metric:String}
  AND start < {last:Int64} AND stop > {first:Int64}
  AND sequence > {number:UInt64} AND run != {run:String}
GROUP BY run, start, stop
ORDER BY earliest, began
