-- Generations with the version, an event a user and day that counts them. Rows are whole days,
-- dated at midnight UTC, so only days that ended before "until" are taken: where that is a cutoff
-- inside a day, as without live events, its day up to then is in neither backfill nor live events.
-- Versions that Postgres no longer has stay out, as do the two that the platform injects. The sort
-- key (modelVersionId, date) serves the range. (ClickHouse)
SELECT modelVersionId AS entityId,
       userId AS userId,
       toDateTime64(date, 3, 'UTC') AS createdAt,
       toInt64(count()) AS value
FROM daily_user_resource
WHERE modelVersionId >= {start:Int64}
  AND modelVersionId < {stop:Int64}
  AND modelVersionId IN (
      SELECT id FROM {versions:Identifier} WHERE id >= {start:Int64} AND id < {stop:Int64}
  )
  AND modelVersionId NOT IN (391999, 424706)
  AND date < toDate({until:DateTime64(3, 'UTC')})
GROUP BY modelVersionId, userId, date
