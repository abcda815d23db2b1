-- Legacy counters of existing entities, all time. The primary key (modelVersionId, timeframe) serves the range.
SELECT m."modelVersionId" AS "entityId",
       m.rating AS "rating",
       m."ratingCount" AS "ratingCount",
       m."downloadCount" AS "downloadCount",
       m."favoriteCount" AS "favoriteCount",
       m."commentCount" AS "commentCount",
       m."collectedCount" AS "collectedCount",
       m."imageCount" AS "imageCount",
       m."tippedCount" AS "tippedCount",
       m."tippedAmountCount" AS "tippedAmountCount",
       m."generationCount" AS "generationCount",
       m."thumbsUpCount" AS "thumbsUpCount",
       m."thumbsDownCount" AS "thumbsDownCount",
       m."earnedAmount" AS "earnedAmount"
FROM "ModelVersionMetric" m
WHERE m.timeframe = 'AllTime'
  AND m."modelVersionId" >= :start
  AND m."modelVersionId" < :stop
