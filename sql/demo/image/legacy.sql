-- ImageMetric, dead since 2025-02-28: older images hold the numbers of that day (no row where all
-- is zero), images made since then a row of zeros. Leftover Year rows survive on some old images.
INSERT INTO "ImageMetric" (
    "imageId", timeframe, "updatedAt", "likeCount", "dislikeCount", "laughCount", "cryCount",
    "heartCount", "commentCount", "collectedCount",
    "tippedCount", "tippedAmountCount", "viewCount"
)
SELECT image.id, f.timeframe, :now, coalesce(t.likes, 0) / f.share,
    coalesce(t.dislikes, 0) / f.share, coalesce(t.laughs, 0) / f.share,
       coalesce(t.cries, 0) / f.share, coalesce(t.hearts, 0) / f.share,
           coalesce(t.comments, 0) / f.share,
       coalesce(t.collected, 0) / f.share, coalesce(t.tips, 0) / f.share,
           coalesce(t.amount, 0) / f.share,
       CASE WHEN image."createdAt" < TIMESTAMP '2025-02-28' THEN image.id % 1000 / f.share ELSE 0
           END
FROM "Image" image
LEFT JOIN (
    SELECT "entityId",
           sum(total) FILTER (WHERE "metricType" = 'ReactionLike') AS likes,
           sum(total) FILTER (WHERE "metricType" = 'ReactionDislike') AS dislikes,
           sum(total) FILTER (WHERE "metricType" = 'ReactionLaugh') AS laughs,
           sum(total) FILTER (WHERE "metricType" = 'ReactionCry') AS cries,
           sum(total) FILTER (WHERE "metricType" = 'ReactionHeart') AS hearts,
           sum(total) FILTER (WHERE "metricType" = 'Comment') AS comments,
           sum(total) FILTER (WHERE "metricType" = 'Collection') AS collected,
           sum(total) FILTER (WHERE "metricType" = 'TipCount') AS tips,
           sum(total) FILTER (WHERE "metricType" = 'Buzz') AS amount
    FROM demo.total
    WHERE entity = 'Image' AND "asOf" = DATE '2025-02-28'
    GROUP BY "entityId"
) AS t ON t."entityId" = image.id AND image."createdAt" < TIMESTAMP '2025-02-28'
JOIN demo.timeframe AS f ON f.timeframe = 'AllTime' OR (f.timeframe = 'Year' AND image.id % 4 = 0
    AND t."entityId" IS NOT NULL)
WHERE t."entityId" IS NOT NULL OR image."createdAt" >= TIMESTAMP '2025-02-28';
