-- The oracle of Post: reactions on the images that belong to the post today, comments in its own
-- thread and collection items, of every row before :until. Unpublished posts count.
SELECT r."postId" AS "entityId", m.name AS "metricType", m.total, m.total AS events
FROM (
    SELECT image."postId",
           count(*) FILTER (WHERE x.reaction = 'Like') AS likes,
           count(*) FILTER (WHERE x.reaction = 'Dislike') AS dislikes,
           count(*) FILTER (WHERE x.reaction = 'Laugh') AS laughs,
           count(*) FILTER (WHERE x.reaction = 'Cry') AS cries,
           count(*) FILTER (WHERE x.reaction = 'Heart') AS hearts
    FROM "ImageReaction" x
    JOIN "Image" image ON image.id = x."imageId"
    WHERE x."createdAt" < :until
    GROUP BY image."postId"
) AS r
CROSS JOIN LATERAL (
    VALUES ('ReactionLike', likes), ('ReactionDislike', dislikes), ('ReactionLaugh', laughs),
        ('ReactionCry', cries), ('ReactionHeart', hearts)
) AS m (name, total)
WHERE m.total > 0 AND r."postId" IN (SELECT id FROM "Post")
UNION ALL
SELECT t."postId", 'Comment', count(*), count(*)
FROM "CommentV2" c
JOIN "Thread" t ON t.id = c."threadId"
WHERE t."postId" IN (SELECT id FROM "Post") AND c."createdAt" < :until
GROUP BY t."postId"
UNION ALL
SELECT i."postId", 'Collection', count(*), count(*)
FROM "CollectionItem" i
WHERE i."postId" IN (SELECT id FROM "Post") AND coalesce(i."createdAt", i."updatedAt",
    TIMESTAMP '1970-01-01') < :until
GROUP BY i."postId";
