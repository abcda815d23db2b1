-- The oracle of Article: reactions, comments in its own thread, Collection, Favorite (Bookmark
-- collections of type Article), Hide, TipCount and TipAmount of articles that exist, of every row
-- before :until.
SELECT r."articleId" AS "entityId", m.name AS "metricType", m.total, m.total AS events
FROM (
    SELECT "articleId",
           count(*) FILTER (WHERE reaction = 'Like') AS likes,
           count(*) FILTER (WHERE reaction = 'Dislike') AS dislikes,
           count(*) FILTER (WHERE reaction = 'Laugh') AS laughs,
           count(*) FILTER (WHERE reaction = 'Cry') AS cries,
           count(*) FILTER (WHERE reaction = 'Heart') AS hearts
    FROM "ArticleReaction"
    WHERE "createdAt" < :until
    GROUP BY "articleId"
) AS r
CROSS JOIN LATERAL (
    VALUES ('ReactionLike', likes), ('ReactionDislike', dislikes), ('ReactionLaugh', laughs),
        ('ReactionCry', cries), ('ReactionHeart', hearts)
) AS m (name, total)
WHERE m.total > 0
UNION ALL
SELECT t."articleId", 'Comment', count(*), count(*)
FROM "CommentV2" c
JOIN "Thread" t ON t.id = c."threadId"
WHERE t."articleId" IN (SELECT id FROM "Article") AND c."createdAt" < :until
GROUP BY t."articleId"
UNION ALL
SELECT i."articleId", m.name, m.total, m.total
FROM (
    SELECT i."articleId",
           count(*) AS items,
           count(*) FILTER (WHERE c.mode = 'Bookmark' AND c.type = 'Article') AS bookmarks
    FROM "CollectionItem" i
    LEFT JOIN "Collection" c ON c.id = i."collectionId"
    WHERE coalesce(i."createdAt", i."updatedAt", TIMESTAMP '1970-01-01') < :until
    GROUP BY i."articleId"
) AS i
CROSS JOIN LATERAL (VALUES ('Collection', items), ('Favorite', bookmarks)) AS m (name, total)
WHERE m.total > 0 AND i."articleId" IN (SELECT id FROM "Article")
UNION ALL
SELECT "articleId", 'Hide', count(*), count(*)
FROM "ArticleEngagement"
WHERE type = 'Hide' AND "createdAt" < :until
GROUP BY "articleId"
UNION ALL
SELECT t."entityId", m.name, m.total, m.events
FROM (
    SELECT "entityId", count(*) AS tips, sum(amount)::bigint AS amount
    FROM "BuzzTip"
    WHERE "entityType" = 'Article' AND "createdAt" < :until
    GROUP BY "entityId"
) AS t
CROSS JOIN LATERAL (VALUES ('TipCount', tips, tips), ('TipAmount', amount, tips)) AS m
    (name, total, events)
WHERE t."entityId" IN (SELECT id FROM "Article");
