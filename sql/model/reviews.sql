-- Reviews of the model that are neither excluded nor in breach of the terms: stars and thumb,
-- whether the reviewer is someone else than the owner, and whether it is the reviewer's first with
-- this thumb (one user may review several versions). No declared index starts with modelId: see the
-- index that doctor proposes.
SELECT r."modelId" AS "entityId",
       r."userId" AS "userId",
       r."createdAt" AS "createdAt",
       r.rating AS "rating",
       r.recommended AS "recommended",
       r."userId" <> m."userId" AS "byOther",
       row_number() OVER (
           PARTITION BY r."modelId", r."userId", r.recommended ORDER BY r."createdAt", r.id
       ) = 1 AS "firstOfUser"
FROM "ResourceReview" r
JOIN "Model" m ON m.id = r."modelId"
WHERE NOT r.exclude
  AND NOT r."tosViolation"
  AND r."modelId" >= :start
  AND r."modelId" < :stop
  AND r."createdAt" < :until
