-- Legacy counters of existing entities, all time. The primary key (bountyId, timeframe) serves the range.
SELECT m."bountyId" AS "entityId",
       m."favoriteCount" AS "favoriteCount",
       m."trackCount" AS "trackCount",
       m."entryCount" AS "entryCount",
       m."benefactorCount" AS "benefactorCount",
       m."unitAmountCount" AS "unitAmountCount",
       m."commentCount" AS "commentCount"
FROM "BountyMetric" m
WHERE m.timeframe = 'AllTime'
  AND m."bountyId" >= :start
  AND m."bountyId" < :stop
