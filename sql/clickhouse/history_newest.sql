-- The newest result of each of these checks (all, if none are named) by pair and range.
SELECT *
FROM {history:Identifier}
WHERE target = {target:String}
  AND (`check`, entityType, metricType, start, stop, at) IN
  (
      SELECT `check`, entityType, metricType, start, stop, max(at)
      FROM {history:Identifier}
      WHERE target = {target:String} AND (empty({checks:Array(String)}) OR has({checks:Array(String)}, `check`))
      GROUP BY `check`, entityType, metricType, start, stop
  )
ORDER BY `check`, entityType, metricType, start
