-- Uses of the version in images by others than the model's owner, dated by the publication of the
-- image's post: the use itself carries no date, and one in no published post does not count, nor in
-- one that is to be published later. The primary key of ModelVersion serves the range, the btree on
-- ImageResourceNew.modelVersionId the join.
SELECT mv.id AS "entityId",
       i."userId" AS "userId",
       p."publishedAt" AS "createdAt"
FROM "ModelVersion" mv
JOIN "Model" m ON m.id = mv."modelId"
JOIN "ImageResourceNew" ir ON ir."modelVersionId" = mv.id
JOIN "Image" i ON i.id = ir."imageId" AND i."userId" <> m."userId"
JOIN "Post" p ON p.id = i."postId"
WHERE mv.id >= :start
  AND mv.id < :stop
  AND p."publishedAt" < :until
  AND p."publishedAt" <= now() AT TIME ZONE 'UTC'
