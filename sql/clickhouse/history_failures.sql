-- Results that did not pass since an instant, the last of each check, pair and range; newest first.
SELECT *
FROM {history:Identifier}
WHERE target = {target:String} AND at >= {since:DateTime64(3, 'UTC')} AND verdict != 'passed'
ORDER BY at DESC
LIMIT 1 BY `check`, entityType, metricType, start, stop
LIMIT {most:UInt32}
