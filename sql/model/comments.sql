-- Commenters of the model in the old table Comment, each at the first comment that still stands and
-- is not in breach of the terms; hidden and locked ones count. Driven from the primary key of
-- Model, because the index on modelId is a hash.
SELECT m.id AS "entityId",
       c."userId" AS "userId",
       min(c."createdAt") AS "createdAt"
FROM "Model" m
JOIN "Comment" c ON c."modelId" = m.id
WHERE NOT c."tosViolation"
  AND m.id >= :start
  AND m.id < :stop
  AND c."createdAt" < :until
GROUP BY m.id, c."userId"
