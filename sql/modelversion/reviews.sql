-- Reviews of the version that are neither excluded nor in breach of the terms: stars, thumb, and
-- whether the reviewer is someone else than the model's owner. The unique btree (modelVersionId,
-- userId) serves the range and leaves one row a user.
SELECT r."modelVersionId" AS "entityId",
       r."userId" AS "userId",
       r."createdAt" AS "createdAt",
       r.rating AS "rating",
       r.recommended AS "recommended",
       (r."userId" <> m."userId") IS TRUE AS "byOther"
FROM "ResourceReview" r
LEFT JOIN "Model" m ON m.id = r."modelId"
WHERE NOT r.exclude
  AND NOT r."tosViolation"
  AND r."modelVersionId" >= :start
  AND r."modelVersionId" < :stop
  AND r."createdAt" < :until
