-- The highest id among entities made before the cutoff, NULL if there is none. Read down the
-- primary key, so it ends as soon as it meets the first row that is old enough.
SELECT e.id AS "id"
FROM "Image" e
WHERE e."createdAt" < :cutoff OR e."createdAt" IS NULL
ORDER BY e.id DESC
LIMIT 1
