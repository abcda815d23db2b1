-- Comments directly in the article's thread. The unique btree on Thread.articleId serves the range,
-- the hash on CommentV2.threadId the join.
SELECT t."articleId" AS "entityId",
       c."userId" AS "userId",
       c."createdAt" AS "createdAt"
FROM "Thread" t
JOIN "CommentV2" c ON c."threadId" = t.id
WHERE t."articleId" >= :start
  AND t."articleId" < :stop
  AND c."createdAt" < :until
