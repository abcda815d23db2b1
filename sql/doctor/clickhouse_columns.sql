-- The columns of the scan that is put in place of the comment, none of its rows. An empty relation
-- stands for the mirror of ModelVersion, which may not have been made yet.
WITH doctor_versions AS (SELECT toInt32(0) AS id, toInt32(0) AS modelId WHERE false)
SELECT *
FROM (
/* scan */
)
LIMIT 0
