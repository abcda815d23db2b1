-- Live events of ModelVersion from :cutoff on (Postgres part). Comment, Collection and Favorite are
-- the model's, on each of its versions.
SELECT 'ModelVersion' AS "entityType", r."modelVersionId" AS "entityId", r."userId",
    m.name AS "metricType",
       m.value AS "metricValue", r."createdAt"
FROM "ResourceReview" r
JOIN "Model" model ON model.id = r."modelId"
CROSS JOIN LATERAL (
    VALUES ('Rating', r.rating, model."userId" <> r."userId"),
        ('RatingCount', 1, model."userId" <> r."userId"),
           ('ThumbsUp', 1, r.recommended), ('ThumbsDown', 1, NOT r.recommended)
) AS m (name, value, counts)
WHERE m.counts AND NOT r.exclude AND NOT r."tosViolation" AND r."createdAt" >= :cutoff
UNION ALL
SELECT 'ModelVersion', v.id, c."userId", 'Comment', 1, c."createdAt"
FROM "Comment" c
JOIN "ModelVersion" v ON v."modelId" = c."modelId"
WHERE NOT c."tosViolation" AND c."createdAt" >= :cutoff
UNION ALL
SELECT 'ModelVersion', v.id, i."addedById", 'Collection', 1, i.first
FROM (
    SELECT "modelId", "addedById", min(coalesce("createdAt", "updatedAt", TIMESTAMP '1970-01-01'))
        AS first
    FROM "CollectionItem"
    WHERE "modelId" IS NOT NULL AND "addedById" IS NOT NULL
    GROUP BY "modelId", "addedById"
) AS i
JOIN "Model" model ON model.id = i."modelId"
JOIN "ModelVersion" v ON v."modelId" = i."modelId"
WHERE i."addedById" <> model."userId" AND i.first >= :cutoff
UNION ALL
SELECT 'ModelVersion', v.id, coalesce(i."addedById", c."userId"), 'Favorite', 1,
    coalesce(i."createdAt", i."updatedAt")
FROM "CollectionItem" i
JOIN "Collection" c ON c.id = i."collectionId"
JOIN "ModelVersion" v ON v."modelId" = i."modelId"
WHERE c.mode = 'Bookmark' AND coalesce(i."createdAt", i."updatedAt") >= :cutoff
UNION ALL
SELECT 'ModelVersion', v.id, image."userId", 'Image', 1, post."publishedAt"
FROM "Post" post
JOIN "Image" image ON image."postId" = post.id
JOIN "ImageResourceNew" r ON r."imageId" = image.id
JOIN "ModelVersion" v ON v.id = r."modelVersionId"
JOIN "Model" model ON model.id = v."modelId"
WHERE post."publishedAt" >= :cutoff AND post."publishedAt" < now() AT TIME ZONE 'UTC'
    AND image."userId" <> model."userId"
UNION ALL
SELECT 'ModelVersion', g."modelVersionId", d."userId", m.name, m.value, d."createdAt"
FROM "Donation" d
JOIN "DonationGoal" g ON g.id = d."donationGoalId"
CROSS JOIN LATERAL (VALUES ('TipCount', 1), ('TipAmount', d.amount)) AS m (name, value)
WHERE g."modelVersionId" IS NOT NULL AND d."createdAt" >= :cutoff
ORDER BY 2, 4, 6, 3, 5;
