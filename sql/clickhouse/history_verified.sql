-- The newest result of a check of a pair and range that passed because both sides are equal, until an instant.
SELECT *
FROM {history:Identifier}
WHERE target = {target:String}
  AND `check` = {check:String}
  AND entityType = {entity:String}
  AND metricType = {metric:String}
  AND start = {start:Int64}
  AND stop = {stop:Int64}
  AND verdict = 'passed'
  AND word = 'equal'
  AND `at` <= {by:DateTime64(3, 'UTC')}
ORDER BY at DESC
LIMIT 1
