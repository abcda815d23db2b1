-- Reviews by the user of versions that are published now; exclude and tosViolation do not matter
-- here. Driven from the primary key of User, because the index on userId is a hash.
SELECT u.id AS "entityId",
       u.id AS "userId",
       rr."createdAt" AS "createdAt"
FROM "User" u
JOIN "ResourceReview" rr ON rr."userId" = u.id
JOIN "ModelVersion" mv ON mv.id = rr."modelVersionId" AND mv.status = 'Published'
WHERE u.id >= :start
  AND u.id < :stop
  AND rr."createdAt" < :until
