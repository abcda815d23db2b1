-- Entities made before the cutoff in a window of ids, both ends inclusive, by cells of a grid: how
-- many, the lowest and the highest id. Walked over what no partition holds; the primary key serves
-- the window. Cells are numbered from 0, those of negative ids downwards.
SELECT CASE
           WHEN e.:"id" < 0 THEN div(e.:"id"::numeric - :size + 1, :size)
           ELSE div(e.:"id"::numeric, :size)
       END::bigint AS "cell",
       count(*) AS "count",
       min(e.:"id") AS "lowest",
       max(e.:"id") AS "highest"
FROM :"table" e
WHERE e.:"id" >= :first
  AND e.:"id" <= :last
  AND (e.:"created" >= :cutoff) IS NOT TRUE
GROUP BY 1
