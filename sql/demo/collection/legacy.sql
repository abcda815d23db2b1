-- CollectionMetric: AllTime equals the formula; the processor writes the same item count to all
-- timeframes.
INSERT INTO "CollectionMetric" ("collectionId", timeframe, "updatedAt", "followerCount",
    "itemCount", "contributorCount")
SELECT t."entityId", f.timeframe, :now, t.followers / f.share, t.items, t.contributors / f.share
FROM (
    SELECT "entityId",
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Follower'), 0) AS followers,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Item'), 0) AS items,
           coalesce(sum(total) FILTER (WHERE "metricType" = 'Contributor'), 0) AS contributors
    FROM demo.total
    WHERE entity = 'Collection' AND "asOf" = :now
    GROUP BY "entityId"
) AS t
CROSS JOIN demo.timeframe AS f;
