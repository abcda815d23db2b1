-- Uses of the model's versions in images by others, dated by the publication of the image's post: the
-- use itself carries no date, and one in no published post does not count, nor in one that is to be
-- published later. An image that uses two versions counts twice. The primary key of Model serves the
-- range, the btree on ImageResourceNew.modelVersionId the join.
SELECT m.id AS "entityId",
       i."userId" AS "userId",
       p."publishedAt" AS "createdAt"
FROM "Model" m
JOIN "ModelVersion" mv ON mv."modelId" = m.id
JOIN "ImageResourceNew" ir ON ir."modelVersionId" = mv.id
JOIN "Image" i ON i.id = ir."imageId" AND i."userId" <> m."userId"
JOIN "Post" p ON p.id = i."postId"
WHERE m.id >= :start
  AND m.id < :stop
  AND p."publishedAt" < :until
  AND p."publishedAt" <= now() AT TIME ZONE 'UTC'
