-- The table of the buckets of ids in which an attempt found source and target to differ: 256 times the bucket,
-- plus the place of the metric in the scope, from 1 on.
CREATE TABLE {buckets:Identifier} (code Int64)
ENGINE = MergeTree ORDER BY code
COMMENT {owner:Literal}
