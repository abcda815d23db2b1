-- The highest id below a bound among entities made before the cutoff; no row if there is none.
-- Read down the primary key, so it ends as soon as it meets the first row that is old enough.
SELECT e.:"id" AS "id"
FROM :"table" e
WHERE e.:"id" < :below
  AND (e.:"created" >= :cutoff) IS NOT TRUE
ORDER BY e.:"id" DESC
LIMIT 1
