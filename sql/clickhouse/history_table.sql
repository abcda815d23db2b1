-- The history of checks, made when its first row is written: a row an evaluation of a check. One table
-- serves all targets of a database. An administrator may make it beforehand, with another engine or
-- more columns.
CREATE TABLE IF NOT EXISTS {history:Identifier}
(
    `at` DateTime64(3, 'UTC') COMMENT 'when the check came to its result',
    `target` LowCardinality(String) COMMENT 'the table of events that was checked',
    `entityType` LowCardinality(String) COMMENT 'empty for a check of the whole target',
    `metricType` LowCardinality(String) COMMENT 'empty for a check of an entity type',
    `start` Int64 COMMENT 'first id of the range',
    `stop` Int64 COMMENT 'first id after the range; 0 and 0 for a whole pair',
    `check` LowCardinality(String),
    `origin` LowCardinality(String) COMMENT 'load, second look, audit, summary or undo',
    `verdict` LowCardinality(String) COMMENT 'passed, warned or failed',
    `word` LowCardinality(String) COMMENT 'the gravest finding: equal, differs, live drift, …',
    `wanted` Int64 COMMENT 'events that the target must hold before the cutoff',
    `present` Int64 COMMENT 'events that it held there',
    `missing` Int64 COMMENT 'events to insert',
    `surplus` Int64 COMMENT 'events to remove',
    `withdrawn` Int64 COMMENT 'counter units, as the following ones',
    `overlap` Int64,
    `unsettled` Int64 COMMENT 'keys',
    `moved` Int64,
    `liveMissing` Int64,
    `livePhantom` Int64,
    `goneUntold` Int64,
    `orphaned` Int64,
    `driftHours` String COMMENT 'JSON: [{hour, missing, phantom}]',
    `legacyEvents` Float64 COMMENT 'sum of all events, live ones included',
    `legacyTotal` Float64 COMMENT 'sum of the legacy counters',
    `legacyMissing` Float64,
    `legacyPhantom` Float64,
    `legacyEntities` Int64 COMMENT 'entities that were compared with legacy',
    `legacyDiffering` Int64,
    `coverage` Nullable(Float64) COMMENT 'share, 0 to 1; of what depends on the check',
    `oldestProofDays` Nullable(Float64),
    `cause` String COMMENT 'a sentence',
    `cure` String COMMENT 'what to do; empty if nothing has to be done',
    `details` String COMMENT 'JSON: the worst entities, or the ranges that are not well',
    `events` Int64 COMMENT 'events below the cutoff afterwards',
    `total` Int64 COMMENT 'their sum',
    `digest` Nullable(UInt64) COMMENT 'their hash, where one was taken',
    `cutoff` Nullable(DateTime64(3, 'UTC')),
    `instant` Nullable(DateTime64(3, 'UTC')) COMMENT 'what the reading of the source shows',
    `run` String COMMENT 'the run of Dagster',
    `user` LowCardinality(String),
    `host` LowCardinality(String),
    `command` String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(`at`)
ORDER BY (`target`, `check`, `entityType`, `metricType`, `start`, `at`)
TTL toDateTime(`at`) + toIntervalDay({days:Clause})
