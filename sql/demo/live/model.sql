-- Live events of Model from :cutoff on (Postgres part). A user who counts once has a live event
-- only if the first row that counts is not older than the cutoff.
SELECT 'Model' AS "entityType", r."modelId" AS "entityId", r."userId", m.name AS "metricType",
    m.value AS "metricValue", r."createdAt"
FROM "ResourceReview" r
JOIN "Model" model ON model.id = r."modelId"
CROSS JOIN LATERAL (VALUES ('Rating', r.rating), ('RatingCount', 1)) AS m (name, value)
WHERE NOT r.exclude AND NOT r."tosViolation" AND model."userId" <> r."userId"
    AND r."createdAt" >= :cutoff
UNION ALL
SELECT 'Model', "modelId", "userId", CASE WHEN recommended THEN 'ThumbsUp' ELSE 'ThumbsDown' END, 1,
    min("createdAt")
FROM "ResourceReview"
WHERE NOT exclude AND NOT "tosViolation"
GROUP BY "modelId", "userId", recommended
HAVING min("createdAt") >= :cutoff
UNION ALL
SELECT 'Model', "modelId", "userId", 'Comment', 1, min("createdAt")
FROM "Comment"
WHERE NOT "tosViolation"
GROUP BY "modelId", "userId"
HAVING min("createdAt") >= :cutoff
UNION ALL
SELECT 'Model', i."modelId", i."addedById", 'Collection', 1,
    min(coalesce(i."createdAt", i."updatedAt", TIMESTAMP '1970-01-01'))
FROM "CollectionItem" i
JOIN "Model" model ON model.id = i."modelId"
WHERE i."addedById" IS NOT NULL
GROUP BY i."modelId", i."addedById"
HAVING min(coalesce(i."createdAt", i."updatedAt", TIMESTAMP '1970-01-01')) >= :cutoff
UNION ALL
SELECT 'Model', i."modelId", coalesce(i."addedById", c."userId"), 'Favorite', 1,
    coalesce(i."createdAt", i."updatedAt")
FROM "CollectionItem" i
JOIN "Model" model ON model.id = i."modelId"
JOIN "Collection" c ON c.id = i."collectionId"
WHERE c.mode = 'Bookmark' AND coalesce(i."createdAt", i."updatedAt") >= :cutoff
UNION ALL
SELECT 'Model', model.id, image."userId", 'Image', 1, post."publishedAt"
FROM "Post" post
JOIN "Image" image ON image."postId" = post.id
JOIN "ImageResourceNew" r ON r."imageId" = image.id
JOIN "ModelVersion" v ON v.id = r."modelVersionId"
JOIN "Model" model ON model.id = v."modelId"
WHERE post."publishedAt" >= :cutoff AND post."publishedAt" < now() AT TIME ZONE 'UTC'
    AND image."userId" <> model."userId"
UNION ALL
SELECT 'Model', t."entityId", t."fromUserId", m.name, m.value, t."createdAt"
FROM "BuzzTip" t
JOIN "Model" model ON model.id = t."entityId"
CROSS JOIN LATERAL (VALUES ('TipCount', 1), ('TipAmount', t.amount)) AS m (name, value)
WHERE t."entityType" = 'Model' AND t."createdAt" >= :cutoff
UNION ALL
SELECT 'Model', v."modelId", d."userId", m.name, m.value, d."createdAt"
FROM "Donation" d
JOIN "DonationGoal" g ON g.id = d."donationGoalId"
JOIN "ModelVersion" v ON v.id = g."modelVersionId"
CROSS JOIN LATERAL (VALUES ('TipCount', 1), ('TipAmount', d.amount)) AS m (name, value)
WHERE d."createdAt" >= :cutoff
ORDER BY 2, 4, 6, 3, 5;
