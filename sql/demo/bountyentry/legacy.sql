-- BountyEntryMetric: reactions equal the formula; tips only under the processor's spelling
-- 'bountyEntry'; unitAmountCount far below the formula, because an award is hardly ever noticed; no
-- row where all is zero.
INSERT INTO "BountyEntryMetric" (
    "bountyEntryId", timeframe, "updatedAt", "likeCount", "dislikeCount", "laughCount", "cryCount",
    "heartCount", "unitAmountCount",
    "tippedCount", "tippedAmountCount"
)
SELECT t.id, f.timeframe, :now, t.likes / f.share, t.dislikes / f.share, t.laughs / f.share,
    t.cries / f.share, t.hearts / f.share,
       t.awarded / f.share, t.tips / f.share, t.amount / f.share
FROM (
    SELECT entry.id,
           coalesce(sum(s.total) FILTER (WHERE s."metricType" = 'ReactionLike'), 0) AS likes,
           coalesce(sum(s.total) FILTER (WHERE s."metricType" = 'ReactionDislike'), 0) AS dislikes,
           coalesce(sum(s.total) FILTER (WHERE s."metricType" = 'ReactionLaugh'), 0) AS laughs,
           coalesce(sum(s.total) FILTER (WHERE s."metricType" = 'ReactionCry'), 0) AS cries,
           coalesce(sum(s.total) FILTER (WHERE s."metricType" = 'ReactionHeart'), 0) AS hearts,
           coalesce(sum(s.total) FILTER (WHERE s."metricType" = 'UnitAmount' AND entry.id % 3 = 1),
               0) AS awarded,
           coalesce(max(tip.tips), 0) AS tips,
           coalesce(max(tip.amount), 0) AS amount
    FROM "BountyEntry" entry
    LEFT JOIN demo.total s ON s."entityId" = entry.id AND s.entity = 'BountyEntry'
        AND s."asOf" = :now
    LEFT JOIN (
        SELECT "entityId", count(*) AS tips, sum(amount) AS amount
        FROM "BuzzTip"
        WHERE "entityType" = 'bountyEntry'
        GROUP BY "entityId"
    ) AS tip ON tip."entityId" = entry.id
    GROUP BY entry.id
) AS t
CROSS JOIN demo.timeframe AS f
WHERE t.likes + t.dislikes + t.laughs + t.cries + t.hearts + t.awarded + t.tips > 0;
