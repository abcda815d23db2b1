-- Which of the given ids are entities that exist.
SELECT e.id AS "id"
FROM "Article" e
WHERE e.id = ANY (:ids)
