-- Legacy counters of existing entities, all time. The primary key (userId, timeframe) serves the range.
SELECT m."userId" AS "entityId",
       m."followingCount" AS "followingCount",
       m."followerCount" AS "followerCount",
       m."reactionCount" AS "reactionCount",
       m."hiddenCount" AS "hiddenCount",
       m."reviewCount" AS "reviewCount"
FROM "UserMetric" m
WHERE m.timeframe = 'AllTime'
  AND m."userId" >= :start
  AND m."userId" < :stop
