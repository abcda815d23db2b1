-- TagMetric: the same numbers in all timeframes but Day, which the first run of a day sets to zero.
INSERT INTO "TagMetric" ("tagId", timeframe, "updatedAt", "hiddenCount", "followerCount",
    "modelCount", "imageCount", "postCount", "articleCount")
SELECT t."entityId", f.timeframe, :now,
       CASE WHEN f.timeframe = 'Day' THEN 0 ELSE t.hidden END, CASE WHEN f.timeframe = 'Day' THEN 0
           ELSE t.followers END,
       t."entityId" % 7, t."entityId" % 11, t."entityId" % 5, t."entityId" % 3
FROM (
    SELECT "entityId",
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Hidden'), 0) AS hidden,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Follower'), 0) AS followers
    FROM demo.total
    WHERE entity = 'Tag' AND "asOf" = :now
    GROUP BY "entityId"
) AS t
CROSS JOIN demo.timeframe AS f;
