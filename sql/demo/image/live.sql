-- Live events of Image from :cutoff on: for Image that is August 2024, so most of its newer half is
-- here.
SELECT 'Image' AS "entityType", r."imageId" AS "entityId", r."userId", m.name AS "metricType",
    1 AS "metricValue", r."createdAt"
FROM "ImageReaction" r
JOIN "Image" image ON image.id = r."imageId"
CROSS JOIN LATERAL (VALUES ('Reaction' || r.reaction, true), ('Reaction', r.reaction <> 'Dislike'))
    AS m (name, counts)
WHERE m.counts AND r."createdAt" >= :cutoff
UNION ALL
SELECT 'Image', t."imageId", c."userId", 'Comment', 1, c."createdAt"
FROM "CommentV2" c
JOIN "Thread" t ON t.id = c."threadId"
JOIN "Image" image ON image.id = t."imageId"
WHERE c."createdAt" >= :cutoff
UNION ALL
SELECT 'Image', i."imageId", coalesce(i."addedById", 0), 'Collection', 1,
    coalesce(i."createdAt", i."updatedAt")
FROM "CollectionItem" i
JOIN "Image" image ON image.id = i."imageId"
WHERE coalesce(i."createdAt", i."updatedAt") >= :cutoff
UNION ALL
SELECT 'Image', t."entityId", t."fromUserId", m.name, m.value, t."createdAt"
FROM "BuzzTip" t
JOIN "Image" image ON image.id = t."entityId"
CROSS JOIN LATERAL (VALUES ('TipCount', 1), ('Buzz', t.amount)) AS m (name, value)
WHERE t."entityType" = 'Image' AND t."createdAt" >= :cutoff
ORDER BY 2, 4, 6, 3;
