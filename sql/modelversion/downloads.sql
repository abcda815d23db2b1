-- Downloaders of the version, once each at the first download: an account, or the address where
-- nobody is logged in (user 0). Versions that Postgres no longer has stay out. The sort key starts
-- with time, so every range reads all downloads before "until". (ClickHouse)
SELECT modelVersionId AS entityId,
       downloader AS userId,
       toDateTime64(first, 3, 'UTC') AS createdAt
FROM
(
    SELECT modelVersionId,
           max(userId) AS downloader,
           min(time) AS first
    FROM modelVersionEvents
    WHERE type = 'Download'
      AND time < {until:DateTime64(3, 'UTC')}
      AND modelVersionId >= {start:Int64}
      AND modelVersionId < {stop:Int64}
      AND modelVersionId IN (
          SELECT id FROM {versions:Identifier} WHERE id >= {start:Int64} AND id < {stop:Int64}
      )
    GROUP BY modelVersionId, if(userId = 0, ip, toString(userId))
)
