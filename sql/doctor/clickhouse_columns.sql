-- The columns of the scan that is put in place of the comment, none of its rows. Empty relations
-- stand for the copies of dimensions, which may not have been made yet.
WITH {relations:Clause}
SELECT *
FROM (
/* scan */
)
LIMIT 0
