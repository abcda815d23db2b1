-- The oracle of Model, Postgres part: Rating, RatingCount, ThumbsUp, ThumbsDown, Comment,
-- Collection, Favorite, Image, TipCount and TipAmount per model, of every row before :until. Rating
-- is the sum of stars.
SELECT r."modelId" AS "entityId", m.name AS "metricType", m.total, m.events
FROM (
    SELECT v."modelId",
           coalesce(sum(v.stars), 0)::bigint AS stars,
           coalesce(sum(v.ratings), 0)::bigint AS ratings
    FROM (
        SELECT x."modelId", x."modelVersionId",
               sum(x.rating) FILTER (WHERE x."userId" <> model."userId") AS stars,
               count(*) FILTER (WHERE x."userId" <> model."userId") AS ratings
        FROM "ResourceReview" x
        JOIN "Model" model ON model.id = x."modelId"
        WHERE NOT x.exclude AND NOT x."tosViolation" AND x."createdAt" < :until
        GROUP BY x."modelId", x."modelVersionId"
    ) AS v
    GROUP BY v."modelId"
) AS r
CROSS JOIN LATERAL (VALUES ('Rating', r.stars, r.ratings), ('RatingCount', r.ratings, r.ratings)) AS
    m (name, total, events)
WHERE m.events > 0
UNION ALL
SELECT r."modelId", m.name, m.total, m.total
FROM (
    SELECT "modelId",
           count(DISTINCT "userId") FILTER (WHERE recommended) AS up,
           count(DISTINCT "userId") FILTER (WHERE NOT recommended) AS down
    FROM "ResourceReview"
    WHERE NOT exclude AND NOT "tosViolation" AND "createdAt" < :until
    GROUP BY "modelId"
) AS r
CROSS JOIN LATERAL (VALUES ('ThumbsUp', up), ('ThumbsDown', down)) AS m (name, total)
WHERE m.total > 0
UNION ALL
SELECT "modelId", 'Comment', count(DISTINCT "userId"), count(DISTINCT "userId")
FROM "Comment"
WHERE NOT "tosViolation" AND "createdAt" < :until
GROUP BY "modelId"
UNION ALL
SELECT i."modelId", m.name, m.total, m.total
FROM (
    SELECT i."modelId",
           count(DISTINCT i."addedById") AS collectors,
           count(*) FILTER (WHERE c.mode = 'Bookmark') AS bookmarks
    FROM "CollectionItem" i
    LEFT JOIN "Collection" c ON c.id = i."collectionId"
    WHERE coalesce(i."createdAt", i."updatedAt", TIMESTAMP '1970-01-01') < :until
    GROUP BY i."modelId"
) AS i
CROSS JOIN LATERAL (VALUES ('Collection', collectors), ('Favorite', bookmarks)) AS m (name, total)
WHERE m.total > 0 AND i."modelId" IN (SELECT id FROM "Model")
UNION ALL
SELECT v."modelId", 'Image', count(*), count(*)
FROM "ImageResourceNew" r
JOIN "ModelVersion" v ON v.id = r."modelVersionId"
JOIN "Model" model ON model.id = v."modelId"
JOIN "Image" image ON image.id = r."imageId"
JOIN "Post" post ON post.id = image."postId"
WHERE image."userId" <> model."userId"
  AND post."publishedAt" < least(:until, now() AT TIME ZONE 'UTC')
GROUP BY v."modelId"
UNION ALL
SELECT t."modelId", m.name, m.total, m.events
FROM (
    SELECT gift."modelId", count(*) AS gifts, sum(gift.amount)::bigint AS amount
    FROM (
        SELECT "entityId" AS "modelId", amount, "createdAt" FROM "BuzzTip"
            WHERE "entityType" = 'Model'
        UNION ALL
        SELECT v."modelId", d.amount, d."createdAt"
        FROM "Donation" d
        JOIN "DonationGoal" g ON g.id = d."donationGoalId"
        JOIN "ModelVersion" v ON v.id = g."modelVersionId"
    ) AS gift
    WHERE gift."createdAt" < :until
    GROUP BY gift."modelId"
) AS t
CROSS JOIN LATERAL (VALUES ('TipCount', gifts, gifts), ('TipAmount', amount, gifts)) AS m
    (name, total, events)
WHERE t."modelId" IN (SELECT id FROM "Model");
