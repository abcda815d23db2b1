-- Reactions received by an owner, signed: +1 for a creation of any kind, -1 for a deletion.
-- Self-reactions count only before 2024-04-27, as in the legacy processor. (ClickHouse)
SELECT ownerId AS entityId,
       userId AS userId,
       toDateTime64(time, 3) AS createdAt,
       toInt32(if(endsWith(toString(type), '_Create'), 1, -1)) AS value
FROM reactions
WHERE ownerId >= {start:Int64}
  AND ownerId < {stop:Int64}
  AND time < {until:DateTime64(3, 'UTC')}
  AND (time < toDateTime('2024-04-27 00:00:00', 'UTC') OR userId != ownerId)
