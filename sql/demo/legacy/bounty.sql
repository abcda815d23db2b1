-- BountyMetric: AllTime equals the formula; no row where all is zero.
INSERT INTO "BountyMetric" (
    "bountyId", timeframe, "updatedAt", "favoriteCount", "trackCount", "entryCount",
    "benefactorCount", "unitAmountCount", "commentCount"
)
SELECT t."entityId", f.timeframe, :now, t.favorites / f.share, t.tracks / f.share,
    t.entries / f.share, t.benefactors / f.share,
       t.amount / f.share, t.comments / f.share
FROM (
    SELECT "entityId",
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Favorite'), 0) AS favorites,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Track'), 0) AS tracks,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Entry'), 0) AS entries,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Benefactor'), 0) AS benefactors,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'UnitAmount'), 0) AS amount,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Comment'), 0) AS comments
    FROM demo.total
    WHERE entity = 'Bounty' AND "asOf" = :now
    GROUP BY "entityId"
) AS t
CROSS JOIN demo.timeframe AS f;
