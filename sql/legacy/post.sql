-- Legacy counters of existing entities, all time. The primary key (postId, timeframe) serves the range.
SELECT m."postId" AS "entityId",
       m."likeCount" AS "likeCount",
       m."dislikeCount" AS "dislikeCount",
       m."laughCount" AS "laughCount",
       m."cryCount" AS "cryCount",
       m."heartCount" AS "heartCount",
       m."commentCount" AS "commentCount",
       m."collectedCount" AS "collectedCount"
FROM "PostMetric" m
WHERE m.timeframe = 'AllTime'
  AND m."postId" >= :start
  AND m."postId" < :stop
