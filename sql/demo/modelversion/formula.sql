-- The oracle of ModelVersion, Postgres part: Rating, RatingCount, ThumbsUp, ThumbsDown, Comment,
-- Collection, Favorite, Image, TipCount and TipAmount per version, of every row before :until.
-- Comment, Collection and Favorite are the model's numbers on each of its versions. Rating is the
-- sum of stars.
SELECT r."modelVersionId" AS "entityId", m.name AS "metricType", m.total, m.events
FROM (
    SELECT x."modelVersionId",
           coalesce(sum(x.rating) FILTER (WHERE x."userId" <> model."userId"), 0)::bigint AS stars,
           count(*) FILTER (WHERE x."userId" <> model."userId") AS ratings,
           count(DISTINCT x."userId") FILTER (WHERE x.recommended) AS up,
           count(DISTINCT x."userId") FILTER (WHERE NOT x.recommended) AS down
    FROM "ResourceReview" x
    JOIN "Model" model ON model.id = x."modelId"
    WHERE NOT x.exclude AND NOT x."tosViolation" AND x."createdAt" < :until
    GROUP BY x."modelVersionId"
) AS r
CROSS JOIN LATERAL (
    VALUES ('Rating', stars, ratings), ('RatingCount', ratings, ratings), ('ThumbsUp', up, up),
        ('ThumbsDown', down, down)
) AS m (name, total, events)
WHERE m.events > 0
UNION ALL
SELECT v.id, 'Comment', c.comments, c.comments
FROM (
    SELECT "modelId", count(*) AS comments
    FROM "Comment"
    WHERE NOT "tosViolation" AND "createdAt" < :until
    GROUP BY "modelId"
) AS c
JOIN "ModelVersion" v ON v."modelId" = c."modelId"
UNION ALL
SELECT v.id, m.name, m.total, m.total
FROM (
    SELECT i."modelId",
           count(DISTINCT i."addedById") FILTER (WHERE i."addedById" <> model."userId")
               AS collectors,
           count(*) FILTER (WHERE c.mode = 'Bookmark') AS bookmarks
    FROM "CollectionItem" i
    JOIN "Model" model ON model.id = i."modelId"
    LEFT JOIN "Collection" c ON c.id = i."collectionId"
    WHERE coalesce(i."createdAt", i."updatedAt", TIMESTAMP '1970-01-01') < :until
    GROUP BY i."modelId"
) AS i
JOIN "ModelVersion" v ON v."modelId" = i."modelId"
CROSS JOIN LATERAL (VALUES ('Collection', collectors), ('Favorite', bookmarks)) AS m (name, total)
WHERE m.total > 0
UNION ALL
SELECT v.id, 'Image', count(*), count(*)
FROM "ImageResourceNew" r
JOIN "ModelVersion" v ON v.id = r."modelVersionId"
JOIN "Model" model ON model.id = v."modelId"
JOIN "Image" image ON image.id = r."imageId"
JOIN "Post" post ON post.id = image."postId"
WHERE image."userId" <> model."userId"
  AND post."publishedAt" < least(:until, now() AT TIME ZONE 'UTC')
GROUP BY v.id
UNION ALL
SELECT t."modelVersionId", m.name, m.total, m.events
FROM (
    SELECT g."modelVersionId", count(*) AS gifts, sum(d.amount)::bigint AS amount
    FROM "DonationGoal" g
    JOIN "Donation" d ON d."donationGoalId" = g.id
    WHERE g."modelVersionId" IS NOT NULL AND d."createdAt" < :until
    GROUP BY g."modelVersionId"
) AS t
CROSS JOIN LATERAL (VALUES ('TipCount', gifts, gifts), ('TipAmount', amount, gifts)) AS m
    (name, total, events)
WHERE t."modelVersionId" IN (SELECT id FROM "ModelVersion");
