-- ArticleMetric: AllTime equals the formula but for favoriteCount, frozen on 2024-03-13; no row
-- where all is zero.
INSERT INTO "ArticleMetric" (
    "articleId", timeframe, "updatedAt", "likeCount", "dislikeCount", "laughCount", "cryCount",
    "heartCount", "commentCount", "viewCount",
    "favoriteCount", "hideCount", "collectedCount", "tippedCount", "tippedAmountCount"
)
SELECT t."entityId", f.timeframe, :now, t.likes / f.share, t.dislikes / f.share, t.laughs / f.share,
    t.cries / f.share, t.hearts / f.share,
       t.comments / f.share, t."entityId" % 1000, coalesce(frozen.favorites, 0) / f.share,
           t.hides / f.share, t.collected / f.share,
       t.tips / f.share, t.amount / f.share
FROM (
    SELECT "entityId",
           coalesce(sum(total) FILTER (WHERE "metricType" = 'ReactionLike'), 0) AS likes,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'ReactionDislike'), 0) AS dislikes,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'ReactionLaugh'), 0) AS laughs,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'ReactionCry'), 0) AS cries,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'ReactionHeart'), 0) AS hearts,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Comment'), 0) AS comments,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Hide'), 0) AS hides,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Collection'), 0) AS collected,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'TipCount'), 0) AS tips,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'TipAmount'), 0) AS amount
    FROM demo.total
    WHERE entity = 'Article' AND "asOf" = :now
    GROUP BY "entityId"
) AS t
LEFT JOIN (
    SELECT "entityId", sum(total) AS favorites
    FROM demo.total
    WHERE entity = 'Article' AND "asOf" = DATE '2024-03-13' AND "metricType" = 'Favorite'
    GROUP BY "entityId"
) AS frozen ON frozen."entityId" = t."entityId"
CROSS JOIN demo.timeframe AS f;
