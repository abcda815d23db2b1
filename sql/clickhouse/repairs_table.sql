-- Every change of the target: what it held of each key before, and what it was to hold afterwards. A row a
-- key (entityId, userId, metricType, createdAt, magnitude), with its copies of positive and of negative value;
-- a load into an empty scope is one row of kind 'scope' with counts alone. A change is written here before it
-- is made. An administrator may make the table beforehand, with another engine or another retention.
CREATE TABLE IF NOT EXISTS {repairs:Identifier}
(
    at DateTime64(3, 'UTC') COMMENT 'when it was written down, by the clock of the server',
    target LowCardinality(String) COMMENT 'the table that was changed',
    change LowCardinality(String) COMMENT 'attempt and round: what was written in one go',
    sequence UInt64 COMMENT 'orders the changes of a pair and range',
    run LowCardinality(String) COMMENT 'the run, in Dagster''s words where it was one of Dagster''s',
    undoes LowCardinality(String) COMMENT 'the run that this change undoes; empty for all others',
    user LowCardinality(String),
    host LowCardinality(String),
    command LowCardinality(String),
    entityType LowCardinality(String),
    metricType LowCardinality(String),
    start Int64 COMMENT 'first id of the range',
    stop Int64 COMMENT 'first id after the range',
    cutoff DateTime64(3, 'UTC') COMMENT 'the cutoff of the change, exclusive',
    previousCutoff Nullable(DateTime64(3, 'UTC')) COMMENT 'the recorded cutoff before it; NULL: the range was never loaded',
    mode LowCardinality(String) COMMENT 'replace: surplus is deleted; append: it is compensated',
    kind LowCardinality(String) COMMENT 'rows; scope: a load into an empty scope; strays: rows that belonged to nothing',
    entityId Int64,
    userId Int64,
    createdAt DateTime64(9, 'UTC'),
    magnitude Int64 COMMENT 'the value without its sign',
    beforePositive Int64 COMMENT 'copies of positive value (or 0) before',
    beforeNegative Int64 COMMENT 'copies of negative value before',
    afterPositive Int64,
    afterNegative Int64,
    total Int64 COMMENT 'what the change adds to the sum of values',
    hash Int64 COMMENT 'what it adds to a hash over all rows of the scope'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (target, entityType, metricType, start, sequence, entityId)
TTL toDateTime(at) + toIntervalDay({days:Clause})
SETTINGS ttl_only_drop_parts = 1
COMMENT 'metric_assets: what changes of the target inserted and removed'
