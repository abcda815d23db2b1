-- Comments directly in the post's thread. The unique btree on Thread.postId serves the range, the
-- hash on CommentV2.threadId the join.
SELECT t."postId" AS "entityId",
       c."userId" AS "userId",
       c."createdAt" AS "createdAt"
FROM "Thread" t
JOIN "CommentV2" c ON c."threadId" = t.id
WHERE t."postId" >= :start
  AND t."postId" < :stop
  AND c."createdAt" < :until
