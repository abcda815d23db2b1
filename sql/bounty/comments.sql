-- Comments directly in the bounty's thread. The unique btree on Thread.bountyId serves the range,
-- the hash on CommentV2.threadId the join.
SELECT t."bountyId" AS "entityId",
       c."userId" AS "userId",
       c."createdAt" AS "createdAt"
FROM "Thread" t
JOIN "CommentV2" c ON c."threadId" = t.id
WHERE t."bountyId" >= :start
  AND t."bountyId" < :stop
  AND c."createdAt" < :until
