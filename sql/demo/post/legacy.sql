-- PostMetric: an AllTime row for every post, also an empty one; the shorter timeframes only for
-- posts from before 2025-02-28, frozen at what they held. AllTime equals the formula.
INSERT INTO "PostMetric" (
    "postId", timeframe, "updatedAt", "likeCount", "dislikeCount", "laughCount", "cryCount",
    "heartCount", "commentCount", "collectedCount", "ageGroup"
)
SELECT post.id, f.timeframe, :now, coalesce(t.likes, 0) / f.share,
    coalesce(t.dislikes, 0) / f.share, coalesce(t.laughs, 0) / f.share,
       coalesce(t.cries, 0) / f.share, coalesce(t.hearts, 0) / f.share,
           coalesce(t.comments, 0) / f.share,
       coalesce(t.collected, 0) / f.share, 'AllTime'
FROM "Post" post
JOIN demo.timeframe AS f ON f.timeframe = 'AllTime' OR post."createdAt" < TIMESTAMP '2025-02-28'
LEFT JOIN (
    SELECT "entityId",
           sum(total) FILTER (WHERE "metricType" = 'ReactionLike') AS likes,
           sum(total) FILTER (WHERE "metricType" = 'ReactionDislike') AS dislikes,
           sum(total) FILTER (WHERE "metricType" = 'ReactionLaugh') AS laughs,
           sum(total) FILTER (WHERE "metricType" = 'ReactionCry') AS cries,
           sum(total) FILTER (WHERE "metricType" = 'ReactionHeart') AS hearts,
           sum(total) FILTER (WHERE "metricType" = 'Comment') AS comments,
           sum(total) FILTER (WHERE "metricType" = 'Collection') AS collected
    FROM demo.total
    WHERE entity = 'Post' AND "asOf" = :now
    GROUP BY "entityId"
) AS t ON t."entityId" = post.id;
