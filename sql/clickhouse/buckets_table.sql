-- The table of the buckets of ids in which an attempt found source and target unlike.
CREATE TABLE {buckets:Identifier} (metricType String, bucket Int64)
ENGINE = MergeTree ORDER BY (metricType, bucket)
COMMENT {owner:Literal}
