-- UserMetric: AllTime equals the formula; the shorter timeframes hold other numbers; no row where
-- all is zero.
INSERT INTO "UserMetric" (
    "userId", timeframe, "updatedAt", "followingCount", "followerCount", "reactionCount",
    "hiddenCount", "reviewCount", "uploadCount"
)
SELECT t."entityId", f.timeframe, :now, t.following / f.share, t.followers / f.share,
    t.reactions / f.share, t.hidden / f.share,
       t.reviews / f.share, t."entityId" % 5
FROM (
    SELECT "entityId",
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Following'), 0) AS following,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Follower'), 0) AS followers,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'UserImageReaction'), 0) AS reactions,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Hidden'), 0) AS hidden,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Review'), 0) AS reviews
    FROM demo.total
    WHERE entity = 'User' AND "asOf" = :now
    GROUP BY "entityId"
) AS t
CROSS JOIN demo.timeframe AS f
WHERE t.following <> 0 OR t.followers <> 0 OR t.reactions <> 0 OR t.hidden <> 0 OR t.reviews <> 0;
