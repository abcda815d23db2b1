-- ModelMetric: five rows a model from the insert trigger, whatever they hold. AllTime equals the
-- formula but for what is frozen (rating, ratingCount, favoriteCount on 2024-03-06, imageCount on
-- 2025-03-13), buggy (tippedCount counts distinct amounts; tips only where the model and its
-- versions both have some), approximate (downloads and comments of the two largest models) or
-- counted twice (earnedAmount of some models).
INSERT INTO "ModelMetric" (
    "modelId", timeframe, "updatedAt", rating, "ratingCount", "downloadCount", "favoriteCount",
    "commentCount", "collectedCount",
    "imageCount", "tippedCount", "tippedAmountCount", "generationCount", "thumbsUpCount",
    "thumbsDownCount", "earnedAmount"
)
SELECT model.id, f.timeframe, :now,
       coalesce(old.stars::double precision / nullif(old.ratings, 0), 0),
       coalesce(old.ratings, 0) / f.share,
       (coalesce(t.downloads, 0) + CASE WHEN t.downloads >= 110 AND t.downloaded <= 2
           THEN floor(t.downloads / 110) ELSE 0 END) / f.share,
       coalesce(liked.likes, 0) / f.share,
       (coalesce(t.comments, 0) - CASE WHEN t.comments >= 110 AND t.commented <= 2
           THEN floor(t.comments / 110) ELSE 0 END) / f.share,
       coalesce(t.collected, 0) / f.share,
       coalesce(frozen.images, 0) / f.share,
       coalesce(CASE WHEN own.amount > 0 AND versions.amount > 0 THEN own.tips + versions.tips END,
           0) / f.share,
       coalesce(CASE WHEN own.amount > 0 AND versions.amount > 0 THEN own.amount + versions.amount
           END, 0) / f.share,
       coalesce(t.generations, 0) / f.share,
       coalesce(t.up, 0) / f.share,
       coalesce(t.down, 0) / f.share,
       (coalesce(t.earned, 0) + CASE WHEN model.id % 4 = 0 THEN floor(coalesce(t.earned, 0) / 10)
           ELSE 0 END) / f.share
FROM "Model" model
CROSS JOIN demo.timeframe AS f
LEFT JOIN (
    SELECT "entityId",
           sum(total) FILTER (WHERE "metricType" = 'Download') AS downloads,
           sum(total) FILTER (WHERE "metricType" = 'Comment') AS comments,
           sum(total) FILTER (WHERE "metricType" = 'Collection') AS collected,
           sum(total) FILTER (WHERE "metricType" = 'Generation') AS generations,
           sum(total) FILTER (WHERE "metricType" = 'ThumbsUp') AS up,
           sum(total) FILTER (WHERE "metricType" = 'ThumbsDown') AS down,
           sum(total) FILTER (WHERE "metricType" = 'Earned') AS earned,
           row_number() OVER (ORDER BY sum(total) FILTER (WHERE "metricType" = 'Download') DESC
               NULLS LAST, "entityId") AS downloaded,
           row_number() OVER (ORDER BY sum(total) FILTER (WHERE "metricType" = 'Comment') DESC NULLS
               LAST, "entityId") AS commented
    FROM demo.total
    WHERE entity = 'Model' AND "asOf" = :now
    GROUP BY "entityId"
) AS t ON t."entityId" = model.id
LEFT JOIN (
    SELECT "entityId",
           sum(total) FILTER (WHERE "metricType" = 'Rating') AS stars,
           sum(total) FILTER (WHERE "metricType" = 'RatingCount') AS ratings
    FROM demo.total
    WHERE entity = 'Model' AND "asOf" = DATE '2024-03-06'
    GROUP BY "entityId"
) AS old ON old."entityId" = model.id
LEFT JOIN (
    SELECT "entityId", sum(total) AS images
    FROM demo.total
    WHERE entity = 'Model' AND "asOf" = DATE '2025-03-13' AND "metricType" = 'Image'
    GROUP BY "entityId"
) AS frozen ON frozen."entityId" = model.id
LEFT JOIN (
    SELECT "modelId", count(*) AS likes
    FROM "ModelEngagement"
    WHERE type = 'Favorite' AND "createdAt" < TIMESTAMP '2024-03-06'
    GROUP BY "modelId"
) AS liked ON liked."modelId" = model.id
LEFT JOIN (
    SELECT "entityId", count(DISTINCT amount) AS tips, sum(amount) AS amount
    FROM "BuzzTip"
    WHERE "entityType" = 'Model'
    GROUP BY "entityId"
) AS own ON own."entityId" = model.id
LEFT JOIN (
    SELECT v."modelId", sum(m."tippedCount") AS tips, sum(m."tippedAmountCount") AS amount
    FROM "ModelVersionMetric" m
    JOIN "ModelVersion" v ON v.id = m."modelVersionId"
    WHERE m.timeframe = 'AllTime'
    GROUP BY v."modelId"
) AS versions ON versions."modelId" = model.id;
