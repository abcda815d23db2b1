-- ModelVersionMetric: no row where all is zero. AllTime equals the formula but for what is frozen
-- (rating, ratingCount, favoriteCount, collectedCount on 2024-03-06, commentCount on 2024-03-13,
-- imageCount on 2025-03-13), buggy (tippedCount counts distinct amounts; versions without a
-- donation since keep the whole model's tips of 2024-03-13), approximate (downloads of the two
-- largest versions) or counted twice (earnedAmount of some versions).
INSERT INTO "ModelVersionMetric" (
    "modelVersionId", timeframe, "updatedAt", rating, "ratingCount", "downloadCount",
    "favoriteCount", "commentCount", "collectedCount",
    "imageCount", "tippedCount", "tippedAmountCount", "generationCount", "thumbsUpCount",
    "thumbsDownCount", "earnedAmount"
)
SELECT m.id, f.timeframe, :now,
       m.rating, m.ratings / f.share, m.downloads / f.share, m.likes / f.share,
           m.comments / f.share, m.collected / f.share,
       m.images / f.share, m.tips / f.share, m.amount / f.share, m.generations / f.share,
           m.up / f.share, m.down / f.share,
       m.earned / f.share
FROM (
    SELECT version.id,
           coalesce(old.stars::double precision / nullif(old.ratings, 0), 0) AS rating,
           coalesce(old.ratings, 0) AS ratings,
           coalesce(t.downloads, 0) + CASE WHEN t.downloads >= 110 AND t.downloaded <= 2
               THEN floor(t.downloads / 110) ELSE 0 END AS downloads,
           coalesce(liked.likes, 0) AS likes,
           coalesce(talked.comments, 0) AS comments,
           coalesce(old.collected, 0) AS collected,
           coalesce(frozen.images, 0) AS images,
           coalesce(given.tips, old_tips.tips, 0) AS tips,
           coalesce(given.amount, old_tips.amount, 0) AS amount,
           coalesce(t.generations, 0) AS generations,
           coalesce(t.up, 0) AS up,
           coalesce(t.down, 0) AS down,
           coalesce(t.earned, 0) + CASE WHEN version.id % 4 = 0
               THEN floor(coalesce(t.earned, 0) / 10) ELSE 0 END AS earned
    FROM "ModelVersion" version
    LEFT JOIN (
        SELECT "entityId",
               sum(total) FILTER (WHERE "metricType" = 'Download') AS downloads,
               sum(total) FILTER (WHERE "metricType" = 'Generation') AS generations,
               sum(total) FILTER (WHERE "metricType" = 'ThumbsUp') AS up,
               sum(total) FILTER (WHERE "metricType" = 'ThumbsDown') AS down,
               sum(total) FILTER (WHERE "metricType" = 'Earned') AS earned,
               row_number() OVER (ORDER BY sum(total) FILTER (WHERE "metricType" = 'Download') DESC
                   NULLS LAST, "entityId") AS downloaded
        FROM demo.total
        WHERE entity = 'ModelVersion' AND "asOf" = :now
        GROUP BY "entityId"
    ) AS t ON t."entityId" = version.id
    LEFT JOIN (
        SELECT "entityId",
               sum(total) FILTER (WHERE "metricType" = 'Rating') AS stars,
               sum(total) FILTER (WHERE "metricType" = 'RatingCount') AS ratings,
               sum(total) FILTER (WHERE "metricType" = 'Collection') AS collected
        FROM demo.total
        WHERE entity = 'ModelVersion' AND "asOf" = DATE '2024-03-06'
        GROUP BY "entityId"
    ) AS old ON old."entityId" = version.id
    LEFT JOIN (
        SELECT "entityId", sum(total) AS comments
        FROM demo.total
        WHERE entity = 'ModelVersion' AND "asOf" = DATE '2024-03-13' AND "metricType" = 'Comment'
        GROUP BY "entityId"
    ) AS talked ON talked."entityId" = version.id
    LEFT JOIN (
        SELECT "entityId", sum(total) AS images
        FROM demo.total
        WHERE entity = 'ModelVersion' AND "asOf" = DATE '2025-03-13' AND "metricType" = 'Image'
        GROUP BY "entityId"
    ) AS frozen ON frozen."entityId" = version.id
    LEFT JOIN (
        SELECT "modelId", count(*) AS likes
        FROM "ModelEngagement"
        WHERE type = 'Favorite' AND "createdAt" < TIMESTAMP '2024-03-06'
        GROUP BY "modelId"
    ) AS liked ON liked."modelId" = version."modelId"
    LEFT JOIN (
        SELECT g."modelVersionId", count(DISTINCT d.amount) AS tips, sum(d.amount) AS amount
        FROM "Donation" d
        JOIN "DonationGoal" g ON g.id = d."donationGoalId"
        GROUP BY g."modelVersionId"
    ) AS given ON given."modelVersionId" = version.id
    LEFT JOIN (
        SELECT "entityId", count(*) AS tips, sum(amount) AS amount
        FROM "BuzzTip"
        WHERE "entityType" = 'Model' AND "createdAt" < TIMESTAMP '2024-03-13'
        GROUP BY "entityId"
    ) AS old_tips ON old_tips."entityId" = version."modelId" AND version.id % 5 = 0
) AS m
CROSS JOIN demo.timeframe AS f
WHERE m.ratings + m.downloads + m.likes + m.comments + m.collected + m.images + m.tips +
    m.generations + m.up + m.down + m.earned > 0;
