-- User/UserImageReaction per owner, of everything before {until}: creations minus deletions of all
-- eight kinds, self reactions only if older than 2024-04-27. Owners that Postgres does not have are
-- dropped by the caller.
SELECT ownerId AS entityId,
       'UserImageReaction' AS metricType,
       toInt64(countIf(position(toString(type), 'Create') > 0)) -
           toInt64(countIf(position(toString(type), 'Create') = 0)) AS total,
       toInt64(count()) AS events
FROM reactions
WHERE NOT (userId = ownerId AND toUnixTimestamp(time) >= 1714176000)
  AND toUnixTimestamp(time) < {until:Int64}
GROUP BY ownerId;
