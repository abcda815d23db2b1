-- Live User/UserImageReaction events: every counted reaction from {cutoff} on, signed.
SELECT 'User' AS entityType,
       ownerId AS entityId,
       userId,
       'UserImageReaction' AS metricType,
       toInt32(if(position(toString(type), 'Create') > 0, 1, -1)) AS metricValue,
       toDateTime64(time, 3) AS createdAt
FROM reactions
WHERE NOT (userId = ownerId AND toUnixTimestamp(time) >= 1714176000)
  AND toUnixTimestamp(time) >= {cutoff:Int64}
ORDER BY ownerId, createdAt, userId, metricValue;
