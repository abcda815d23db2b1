-- What the legacy processor reads: distinct downloaders a version and day, and the last download a
-- downloader.
INSERT INTO daily_downloads_unique
SELECT modelId, modelVersionId, createdDate, uniqState(if(userId = 0, ip, toString(userId)))
FROM modelVersionEvents
WHERE type = 'Download'
GROUP BY modelId, modelVersionId, createdDate;

INSERT INTO modelVersionUniqueDownloads
SELECT modelVersionId, if(userId = 0, ip, toString(userId)) AS downloadKey, max(time)
FROM modelVersionEvents
WHERE type = 'Download'
GROUP BY modelVersionId, downloadKey;
