-- Download, Generation and Earned per version, of everything before {until}. Versions that Postgres
-- does not have are dropped by the caller, who also sums versions to models. events = how many
-- events make up the total.
SELECT modelVersionId AS entityId,
       'Download' AS metricType,
       toInt64(uniqExact(if(userId = 0, ip, toString(userId)))) AS total,
       total AS events
FROM modelVersionEvents
WHERE type = 'Download' AND toUnixTimestamp(time) < {until:Int64}
GROUP BY modelVersionId
UNION ALL
SELECT modelVersionId, 'Generation', toInt64(count()), toInt64(uniqExact(userId, date))
FROM daily_user_resource
WHERE modelVersionId <> 391999 AND modelVersionId <> 424706
    AND toUInt16(date) < intDiv({until:Int64}, 86400)
GROUP BY modelVersionId
UNION ALL
SELECT modelVersionId, 'Earned', toInt64(sum(latest)), toInt64(count())
FROM (
    SELECT modelVersionId, date, argMax(total, updated_at) AS latest
    FROM buzz_resource_compensation
    WHERE toUnixTimestamp(date) < {until:Int64}
    GROUP BY modelVersionId, date
)
GROUP BY modelVersionId;
