-- Every version there is and its model, for scans that read ClickHouse. Two narrow columns of a
-- table of about a million rows.
SELECT mv.id AS "id",
       mv."modelId" AS "modelId"
FROM "ModelVersion" mv
