-- Legacy counters of existing entities, all time. The primary key (tagId, timeframe) serves the range.
SELECT m."tagId" AS "entityId",
       m."hiddenCount" AS "hiddenCount",
       m."followerCount" AS "followerCount"
FROM "TagMetric" m
WHERE m.timeframe = 'AllTime'
  AND m."tagId" >= :start
  AND m."tagId" < :stop
