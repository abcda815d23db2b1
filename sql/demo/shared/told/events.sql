-- Live events of what became of rows of before the cutoff: for each key that counts otherwise now, the
-- difference; of every third of them, given and taken back once more. Beside them events of rows from just
-- before the cutoff that the platform's clock dated after it, and things given and taken back after it.
WITH now_counting AS (
    SELECT e."entityType" AS entity, e."entityId", e."userId", e."metricType" AS metric,
           sum(e."metricValue") AS total,
           max(e."createdAt") FILTER (WHERE e."createdAt" >= :until - INTERVAL '20 milliseconds') AS last
    FROM (:events) AS e
    WHERE e."createdAt" < :until
    GROUP BY 1, 2, 3, 4
),
changed AS (
    SELECT "entityId", "userId", metric, coalesce(n.total, 0) - coalesce(b.total, 0) AS difference,
           demo.h("entityId" * 1000003::bigint + "userId", 9002) AS dice, n.last, b.total AS before
    FROM now_counting n
    FULL JOIN (SELECT * FROM demo.before_life WHERE entity = :entity) b
        USING ("entityId", "userId", metric)
)
SELECT :entity AS "entityType", c."entityId", c."userId", c.metric AS "metricType", e.value AS "metricValue",
    least(:now - INTERVAL '1 second', :cutoff + (1 + c.dice % 2400) * INTERVAL '15 minutes' + e.later) AS "createdAt"
FROM changed c
CROSS JOIN LATERAL (
    VALUES (c.difference, INTERVAL '0'),
           (CASE WHEN c.dice % 3 = 0 THEN -c.difference END, INTERVAL '1 hour'),
           (CASE WHEN c.dice % 3 = 0 THEN c.difference END, INTERVAL '2 hours')
) AS e (value, later)
WHERE c.difference <> 0 AND e.value <> 0
UNION ALL
SELECT :entity, "entityId", "userId", metric, before, last + INTERVAL '25 milliseconds'
FROM changed
WHERE difference = 0 AND last IS NOT NULL AND dice % 2 = 0
UNION ALL
SELECT :entity, c."entityId", c."userId" + 1, c.metric, e.value,
    :cutoff + (1 + c.dice % 2300) * INTERVAL '15 minutes' + e.later
FROM changed c
CROSS JOIN LATERAL (VALUES (1, INTERVAL '0'), (-1, INTERVAL '3 hours')) AS e (value, later)
WHERE c.dice % 500 = 7 AND c.metric NOT IN ('TipAmount', 'Buzz', 'UnitAmount', 'Rating')
ORDER BY 2, 4, 6, 3, 5;
