-- Buzz earned by the version, an event a day without an acting user. An hourly job writes rows
-- again: FINAL keeps the last of each version and day. A day's row bears its midnight and holds the
-- whole day, so a cutoff inside a day takes in all of it, of which live events are taken off again.
-- Versions that Postgres no longer has stay out. The sort key starts with date; the table has one row
-- a version and day. (ClickHouse)
SELECT modelVersionId AS entityId,
       toInt32(0) AS userId,
       toDateTime64(date, 3, 'UTC') AS createdAt,
       toInt64(total) AS value
FROM buzz_resource_compensation FINAL
WHERE date < {until:DateTime64(3, 'UTC')}
  AND modelVersionId >= {start:Int64}
  AND modelVersionId < {stop:Int64}
  AND modelVersionId IN (
      SELECT id FROM {versions:Identifier} WHERE id >= {start:Int64} AND id < {stop:Int64}
  )
