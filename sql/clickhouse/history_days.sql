-- How many results there were on each day, by check and verdict.
SELECT toDate(at, 'UTC') AS day, `check`, verdict, toInt64(count()) AS results
FROM {history:Identifier}
WHERE target = {target:String} AND at >= {since:DateTime64(3, 'UTC')}
GROUP BY day, `check`, verdict
ORDER BY day, `check`, verdict
