-- When legacy counters were last written, all time: the column of a legacy table that says so.
SELECT m.:"id" AS "entityId",
       m.:"updated" AS "updated"
FROM :"table" m
WHERE m.timeframe = 'AllTime'
  AND m.:"id" >= :start
  AND m.:"id" < :stop
