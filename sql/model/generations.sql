-- Generations with the model's versions, an event a version, user and day that counts them. Rows
-- are whole days, dated at midnight UTC, so only days that ended before "until" are taken: where
-- that is a cutoff inside a day, as without live events, its day up to then is counted by nobody.
-- The two versions that the platform injects are not counted, as in legacy. The sort key
-- (modelVersionId, date) finds each version of the range. (ClickHouse)
SELECT v.modelId AS entityId,
       g.userId AS userId,
       toDateTime64(g.date, 3, 'UTC') AS createdAt,
       toInt64(g.generations) AS value
FROM
(
    SELECT modelVersionId, userId, date, count() AS generations
    FROM daily_user_resource
    WHERE date < toDate({until:DateTime64(3, 'UTC')})
      AND modelVersionId NOT IN (391999, 424706)
      AND modelVersionId IN (
          SELECT id
          FROM {versions:Identifier}
          WHERE modelId >= {start:Int64} AND modelId < {stop:Int64}
      )
    GROUP BY modelVersionId, userId, date
) AS g
INNER JOIN
(
    SELECT id, modelId
    FROM {versions:Identifier}
    WHERE modelId >= {start:Int64} AND modelId < {stop:Int64}
) AS v ON v.id = g.modelVersionId
