-- Live events of Article from :cutoff on.
SELECT 'Article' AS "entityType", r."articleId" AS "entityId", r."userId",
    'Reaction' || r.reaction AS "metricType",
       1 AS "metricValue", r."createdAt"
FROM "ArticleReaction" r
WHERE r."createdAt" >= :cutoff
UNION ALL
SELECT 'Article', t."articleId", c."userId", 'Comment', 1, c."createdAt"
FROM "CommentV2" c
JOIN "Thread" t ON t.id = c."threadId"
WHERE t."articleId" IS NOT NULL AND c."createdAt" >= :cutoff
UNION ALL
SELECT 'Article', i."articleId", m."userId", m.name, 1, coalesce(i."createdAt", i."updatedAt")
FROM "CollectionItem" i
JOIN "Article" article ON article.id = i."articleId"
JOIN "Collection" c ON c.id = i."collectionId"
CROSS JOIN LATERAL (
    VALUES ('Collection', coalesce(i."addedById", 0), true),
           ('Favorite', coalesce(i."addedById", c."userId"), c.mode = 'Bookmark'
               AND c.type = 'Article')
) AS m (name, "userId", counts)
WHERE m.counts AND coalesce(i."createdAt", i."updatedAt") >= :cutoff
UNION ALL
SELECT 'Article', e."articleId", e."userId", 'Hide', 1, e."createdAt"
FROM "ArticleEngagement" e
WHERE e.type = 'Hide' AND e."createdAt" >= :cutoff
UNION ALL
SELECT 'Article', t."entityId", t."fromUserId", m.name, m.value, t."createdAt"
FROM "BuzzTip" t
JOIN "Article" article ON article.id = t."entityId"
CROSS JOIN LATERAL (VALUES ('TipCount', 1), ('TipAmount', t.amount)) AS m (name, value)
WHERE t."entityType" = 'Article' AND t."createdAt" >= :cutoff
ORDER BY 2, 4, 6, 3;
