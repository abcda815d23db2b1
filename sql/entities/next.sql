-- The first entities at or above an id and whether each was made at or after the cutoff: one step
-- of a binary search by the primary key, which a few rows out of order must not mislead.
SELECT e.:"id" AS "id",
       (e.:"created" >= :cutoff) IS TRUE AS "after"
FROM :"table" e
WHERE e.:"id" >= :first
ORDER BY e.:"id"
LIMIT :most
