-- Live Download, Generation and Earned events of versions: downloaders whose first download lies at
-- or after {cutoff}, and whole days from the cutoff's day on. The caller drops versions that
-- Postgres does not have and credits the same events to the models.
SELECT 'ModelVersion' AS entityType,
       modelVersionId AS entityId,
       downloader AS userId,
       'Download' AS metricType,
       toInt32(1) AS metricValue,
       toDateTime64(first, 3) AS createdAt
FROM (
    SELECT modelVersionId, max(userId) AS downloader, min(time) AS first
    FROM modelVersionEvents
    WHERE type = 'Download'
    GROUP BY modelVersionId, if(userId = 0, ip, toString(userId))
)
WHERE toUnixTimestamp(first) >= {cutoff:Int64}
UNION ALL
SELECT 'ModelVersion', modelVersionId, userId, 'Generation', toInt32(count()),
    toDateTime64(toUInt32(toUInt16(date)) * 86400, 3)
FROM daily_user_resource
WHERE modelVersionId <> 391999 AND modelVersionId <> 424706
    AND toUInt16(date) >= intDiv({cutoff:Int64}, 86400)
GROUP BY modelVersionId, userId, date
UNION ALL
SELECT 'ModelVersion', modelVersionId, toInt32(0), 'Earned', toInt32(argMax(total, updated_at)),
    toDateTime64(date, 3)
FROM buzz_resource_compensation
WHERE toUnixTimestamp(date) >= {cutoff:Int64}
GROUP BY modelVersionId, date;
