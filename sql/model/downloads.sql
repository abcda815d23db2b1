-- Downloaders of the model's versions, once a version at the first download: an account, or the
-- address where nobody is logged in (user 0). Versions that Postgres no longer has stay out. The
-- sort key starts with time, so every range reads all downloads before "until". (ClickHouse)
SELECT v.modelId AS entityId,
       d.downloader AS userId,
       toDateTime64(d.first, 3, 'UTC') AS createdAt
FROM
(
    SELECT modelVersionId,
           max(userId) AS downloader,
           min(time) AS first
    FROM modelVersionEvents
    WHERE type = 'Download'
      AND time < {until:DateTime64(3, 'UTC')}
      AND modelVersionId IN (
          SELECT id
          FROM {versions:Identifier}
          WHERE modelId >= {start:Int64} AND modelId < {stop:Int64}
      )
    GROUP BY modelVersionId, if(userId = 0, ip, toString(userId))
) AS d
INNER JOIN
(
    SELECT id, modelId
    FROM {versions:Identifier}
    WHERE modelId >= {start:Int64} AND modelId < {stop:Int64}
) AS v ON v.id = d.modelVersionId
