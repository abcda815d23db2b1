-- Comments directly in the thread of an existing image. The unique btree on Thread.imageId serves
-- the range, the hash on CommentV2.threadId the join.
SELECT t."imageId" AS "entityId",
       c."userId" AS "userId",
       c."createdAt" AS "createdAt"
FROM "Thread" t
JOIN "Image" i ON i.id = t."imageId"
JOIN "CommentV2" c ON c."threadId" = t.id
WHERE t."imageId" >= :start
  AND t."imageId" < :stop
  AND c."createdAt" < :until
