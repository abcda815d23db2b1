-- Live events of Post from :cutoff on.
SELECT 'Post' AS "entityType", image."postId" AS "entityId", r."userId",
    'Reaction' || r.reaction AS "metricType",
       1 AS "metricValue", r."createdAt"
FROM "ImageReaction" r
JOIN "Image" image ON image.id = r."imageId"
WHERE image."postId" IS NOT NULL AND r."createdAt" >= :cutoff
UNION ALL
SELECT 'Post', t."postId", c."userId", 'Comment', 1, c."createdAt"
FROM "CommentV2" c
JOIN "Thread" t ON t.id = c."threadId"
WHERE t."postId" IS NOT NULL AND c."createdAt" >= :cutoff
UNION ALL
SELECT 'Post', i."postId", coalesce(i."addedById", 0), 'Collection', 1,
    coalesce(i."createdAt", i."updatedAt")
FROM "CollectionItem" i
JOIN "Post" post ON post.id = i."postId"
WHERE coalesce(i."createdAt", i."updatedAt") >= :cutoff
ORDER BY 2, 4, 6, 3;
