-- One row a job and resource, of the three job kinds that count: what the customer's view feeds.
INSERT INTO daily_user_resource (userId, modelVersionId, date)
SELECT userId, resource, toDate(createdAt, 'UTC')
FROM orchestration.jobs
ARRAY JOIN resourcesUsed AS resource
WHERE jobType IN ('TextToImageV2', 'TextToImage', 'Comfy');
