-- Legacy counters of existing entities, all time. The primary key (collectionId, timeframe) serves the range.
SELECT m."collectionId" AS "entityId",
       m."followerCount" AS "followerCount",
       m."itemCount" AS "itemCount",
       m."contributorCount" AS "contributorCount"
FROM "CollectionMetric" m
WHERE m.timeframe = 'AllTime'
  AND m."collectionId" >= :start
  AND m."collectionId" < :stop
