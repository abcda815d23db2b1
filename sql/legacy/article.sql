-- Legacy counters of existing entities, all time. The primary key (articleId, timeframe) serves the range.
SELECT m."articleId" AS "entityId",
       m."likeCount" AS "likeCount",
       m."dislikeCount" AS "dislikeCount",
       m."laughCount" AS "laughCount",
       m."cryCount" AS "cryCount",
       m."heartCount" AS "heartCount",
       m."commentCount" AS "commentCount",
       m."favoriteCount" AS "favoriteCount",
       m."hideCount" AS "hideCount",
       m."collectedCount" AS "collectedCount",
       m."tippedCount" AS "tippedCount",
       m."tippedAmountCount" AS "tippedAmountCount"
FROM "ArticleMetric" m
WHERE m.timeframe = 'AllTime'
  AND m."articleId" >= :start
  AND m."articleId" < :stop
