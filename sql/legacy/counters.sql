-- Legacy counters of existing entities, all time: the named columns of a legacy table. Its primary
-- key (the entity's id, timeframe) serves the range.
SELECT m.:"id" AS "entityId",
       :"columns"
FROM :"table" m
WHERE m.timeframe = 'AllTime'
  AND m.:"id" >= :start
  AND m.:"id" < :stop
