-- Legacy counters of existing entities, all time. The primary key (bountyEntryId, timeframe) serves the range.
SELECT m."bountyEntryId" AS "entityId",
       m."likeCount" AS "likeCount",
       m."dislikeCount" AS "dislikeCount",
       m."laughCount" AS "laughCount",
       m."cryCount" AS "cryCount",
       m."heartCount" AS "heartCount",
       m."unitAmountCount" AS "unitAmountCount",
       m."tippedCount" AS "tippedCount",
       m."tippedAmountCount" AS "tippedAmountCount"
FROM "BountyEntryMetric" m
WHERE m.timeframe = 'AllTime'
  AND m."bountyEntryId" >= :start
  AND m."bountyEntryId" < :stop
