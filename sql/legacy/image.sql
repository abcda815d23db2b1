-- Legacy counters of existing entities, all time. The primary key (imageId, timeframe) serves the range.
SELECT m."imageId" AS "entityId",
       m."likeCount" AS "likeCount",
       m."dislikeCount" AS "dislikeCount",
       m."laughCount" AS "laughCount",
       m."cryCount" AS "cryCount",
       m."heartCount" AS "heartCount",
       m."commentCount" AS "commentCount",
       m."collectedCount" AS "collectedCount",
       m."tippedCount" AS "tippedCount",
       m."tippedAmountCount" AS "tippedAmountCount",
       m."reactionCount" AS "reactionCount"
FROM "ImageMetric" m
WHERE m.timeframe = 'AllTime'
  AND m."imageId" >= :start
  AND m."imageId" < :stop
