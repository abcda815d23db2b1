-- Which of the given ids are entities that exist.
SELECT e.:"id" AS "id"
FROM :"table" e
WHERE e.:"id" = ANY (:ids)
