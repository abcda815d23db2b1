-- Comments on the version's model, on each of its versions, as comments know no version; those in
-- breach of the terms stay out. The primary key of ModelVersion serves the range, the hash on
-- Comment.modelId the join.
SELECT mv.id AS "entityId",
       c."userId" AS "userId",
       c."createdAt" AS "createdAt"
FROM "ModelVersion" mv
JOIN "Comment" c ON c."modelId" = mv."modelId"
WHERE NOT c."tosViolation"
  AND mv.id >= :start
  AND mv.id < :stop
  AND c."createdAt" < :until
