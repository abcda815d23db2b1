-- The oracle of Image: reactions (Reaction is all but Dislike), comments in its own thread,
-- collection items and tips of images that exist, of every row before :until.
SELECT r."imageId" AS "entityId", m.name AS "metricType", m.total, m.total AS events
FROM (
    SELECT "imageId",
           count(*) FILTER (WHERE reaction = 'Like') AS likes,
           count(*) FILTER (WHERE reaction = 'Dislike') AS dislikes,
           count(*) FILTER (WHERE reaction = 'Laugh') AS laughs,
           count(*) FILTER (WHERE reaction = 'Cry') AS cries,
           count(*) FILTER (WHERE reaction = 'Heart') AS hearts
    FROM "ImageReaction"
    WHERE "createdAt" < :until
    GROUP BY "imageId"
) AS r
CROSS JOIN LATERAL (
    VALUES ('ReactionLike', likes), ('ReactionDislike', dislikes), ('ReactionLaugh', laughs),
        ('ReactionCry', cries),
           ('ReactionHeart', hearts), ('Reaction', likes + laughs + cries + hearts)
) AS m (name, total)
WHERE m.total > 0 AND r."imageId" IN (SELECT id FROM "Image")
UNION ALL
SELECT t."imageId", 'Comment', count(*), count(*)
FROM "CommentV2" c
JOIN "Thread" t ON t.id = c."threadId"
WHERE t."imageId" IN (SELECT id FROM "Image") AND c."createdAt" < :until
GROUP BY t."imageId"
UNION ALL
SELECT i."imageId", 'Collection', count(*), count(*)
FROM "CollectionItem" i
WHERE i."imageId" IN (SELECT id FROM "Image") AND coalesce(i."createdAt", i."updatedAt",
    TIMESTAMP '1970-01-01') < :until
GROUP BY i."imageId"
UNION ALL
SELECT t."entityId", m.name, m.total, m.events
FROM (
    SELECT "entityId", count(*) AS tips, sum(amount)::bigint AS amount
    FROM "BuzzTip"
    WHERE "entityType" = 'Image' AND "createdAt" < :until
    GROUP BY "entityId"
) AS t
CROSS JOIN LATERAL (VALUES ('TipCount', tips, tips), ('Buzz', amount, tips)) AS m
    (name, total, events)
WHERE t."entityId" IN (SELECT id FROM "Image");
