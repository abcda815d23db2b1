-- Buzz earned by the model's versions, an event a model and day without an acting user. An hourly
-- job writes rows again: FINAL keeps the last of each version and day. A day's row bears its
-- midnight and holds the whole day, so a cutoff inside a day takes in all of it, of which live
-- events are taken off again. The sort key starts with date; the table has one row a version and
-- day. (ClickHouse)
SELECT v.modelId AS entityId,
       toInt32(0) AS userId,
       toDateTime64(b.date, 3, 'UTC') AS createdAt,
       toInt64(sum(b.total)) AS value
FROM
(
    SELECT modelVersionId, date, total
    FROM buzz_resource_compensation FINAL
    WHERE date < {until:DateTime64(3, 'UTC')}
      AND modelVersionId IN (
          SELECT id
          FROM {versions:Identifier}
          WHERE modelId >= {start:Int64} AND modelId < {stop:Int64}
      )
) AS b
INNER JOIN
(
    SELECT id, modelId
    FROM {versions:Identifier}
    WHERE modelId >= {start:Int64} AND modelId < {stop:Int64}
) AS v ON v.id = b.modelVersionId
GROUP BY v.modelId, b.date
