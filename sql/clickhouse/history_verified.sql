-- The newest result of a check of a pair and range that passed because both sides are equal, until an instant.
SELECT `at`, `target`, `entityType`, `metricType`, `start`, `stop`, `check`, `origin`, `verdict`, `word`,
       `wanted`, `present`, `missing`, `surplus`, `withdrawn`, `overlap`, `unsettled`, `moved`,
       `liveMissing`, `livePhantom`, `goneUntold`, `orphaned`, `driftHours`,
       `legacyEvents`, `legacyTotal`, `legacyMissing`, `legacyPhantom`, `legacyEntities`, `legacyDiffering`,
       `coverage`, `oldestProofDays`, `cause`, `cure`, `details`, `events`, `total`, `digest`,
       `cutoff`, `instant`, `run`, `user`, `host`, `command`
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
